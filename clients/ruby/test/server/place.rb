# frozen_string_literal: true

require "helper"
require "json"
require "net/http"
require "securerandom"

# The place that the tests run in: an ejabberd and the component emanagement,
# which the Go test that runs them has started (ruby_test.go).
module Place
  WHERE = JSON.parse(ENV.fetch("EMANAGEMENT_PLACE"), symbolize_names: true).freeze
  ORDERS = IO.for_fd(3, "w")
  ANSWERS = IO.for_fd(4, "r")
  ORDERS.sync = true

  # Has something be done with the place: see carryOut in ruby_test.go.
  def self.order(what)
    ORDERS.puts(what)
    answer = ANSWERS.gets&.chomp
    raise "#{what}: #{answer}" unless answer == "done"
  end

  # Calls one of the server's own commands: another way to look at what the
  # server stores than the library's.
  def self.api(command, **arguments)
    uri = URI("#{WHERE[:look]}/#{command}")
    http = Net::HTTP.new(uri.host, uri.port)
    http.local_host = "127.0.0.2"
    answer = http.post(uri.path, JSON.generate(arguments), "Content-Type" => "application/json")
    raise "#{command}: #{answer.code}: #{answer.body}" unless answer.code == "200"

    JSON.parse(answer.body, symbolize_names: true)
  end

  # What the server stores as a user's roster: arrays of JID, nick, subscription
  # and groups.
  def self.roster(jid)
    user, host = jid.split("@")
    api("get_roster", user: user, host: host).map { |item| item.values_at(:jid, :nick, :subscription, :groups) }.sort
  end

  def self.register(jid, password)
    user, host = jid.split("@")
    api("register", user: user, host: host, password: password)
  end
end

# What the tests have in common.
module InPlace
  W = Place::WHERE
  # What a call may take on a machine that has much else to do.
  PATIENCE = 30

  def teardown
    @clients&.each(&:close)
    super
  end

  def component(**options)
    opened Emanagement::Client.component(jid: "#{W[:component]}/web1", secret: W[:secret], server: W[:component_server],
                                         to: W[:service], timeout: PATIENCE, **options)
  end

  def user(name = "admin@localhost", password: "pw", server: W[:server], ca_file: W[:ca], **options)
    opened Emanagement::Client.user(jid: name, password: password, server: server, to: W[:service], ca_file: ca_file,
                                    timeout: PATIENCE, **options)
  end

  def opened(client)
    (@clients ||= []) << client
    client
  end

  # There is no other machine here: this one is taken for one.
  def elsewhere
    local = Emanagement::Wire.instance_method(:local?)
    Emanagement::Wire.remove_method(:local?)
    Emanagement::Wire.define_method(:local?) { false }
    yield
  ensure
    Emanagement::Wire.remove_method(:local?)
    Emanagement::Wire.define_method(:local?, local)
  end

  # A logger that puts its lines there.
  def logger(lines)
    Object.new.tap { |logger| logger.define_singleton_method(:info) { |line| lines << line } }
  end

  # JIDs that no other test uses.
  def people(*names)
    names.map { |name| "#{name}.#{SecureRandom.hex(4)}@localhost" }
  end

  # Asks until the component is there.
  def await(client)
    client.call("isEjabberdNodeStarted", timeout: 5)
  rescue Emanagement::AwayError
    retry if (@patience ||= Emanagement::Deadline.new(60)).remaining.positive?
    raise
  end
end
