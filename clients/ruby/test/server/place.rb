# frozen_string_literal: true

require "helper"
require "json"
require "net/http"
require "securerandom"

# The place of the tests: an ejabberd and the component emanagement, both started by the
# Go test that runs the Ruby tests (ruby_test.go).
module Place
  WHERE = JSON.parse(ENV.fetch("EMANAGEMENT_PLACE"), symbolize_names: true).freeze
  ORDERS = IO.for_fd(3, "w")
  ANSWERS = IO.for_fd(4, "r")
  ORDERS.sync = true

  # Gives an order to the Go test, such as to restart the server (carryOut in
  # ruby_test.go), and waits until it is carried out.
  def self.order(text)
    ORDERS.puts(text)
    answer = ANSWERS.gets&.chomp
    raise "#{text}: #{answer}" unless answer == "done"
  end

  # Calls an API command of the server, to read the server's data without the library.
  def self.api(command, **arguments)
    uri = URI("#{WHERE[:look]}/#{command}")
    http = Net::HTTP.new(uri.host, uri.port)
    http.local_host = "127.0.0.2"
    answer = http.post(uri.path, JSON.generate(arguments), "Content-Type" => "application/json")
    raise "#{command}: #{answer.code}: #{answer.body}" unless answer.code == "200"

    JSON.parse(answer.body, symbolize_names: true)
  end

  # The server's roster of a user: arrays of JID, nick, subscription and groups.
  def self.roster(jid)
    user, host = jid.split("@")
    api("get_roster", user: user, host: host).map { |item| item.values_at(:jid, :nick, :subscription, :groups) }.sort
  end

  def self.register(jid, password)
    user, host = jid.split("@")
    api("register", user: user, host: host, password: password)
  end
end

# The common part of the tests with a server.
module InPlace
  W = Place::WHERE
  # The timeout of a call on a busy machine, in seconds.
  CALL_TIMEOUT = 30

  def teardown
    @clients&.each(&:close)
    super
  end

  def component(**options)
    opened Emanagement::Client.component(jid: "#{W[:component]}/web1", secret: W[:secret], server: W[:component_server],
                                         to: W[:service], timeout: CALL_TIMEOUT, **options)
  end

  def user(name = "admin@localhost", password: "pw", server: W[:server], ca_file: W[:ca], **options)
    opened Emanagement::Client.user(jid: name, password: password, server: server, to: W[:service], ca_file: ca_file,
                                    timeout: CALL_TIMEOUT, **options)
  end

  # Returns the client, and closes it after the test.
  def opened(client)
    (@clients ||= []) << client
    client
  end

  # Runs the block as if the server were on another machine.
  def elsewhere
    local = Emanagement::Wire.instance_method(:local?)
    Emanagement::Wire.remove_method(:local?)
    Emanagement::Wire.define_method(:local?) { false }
    yield
  ensure
    Emanagement::Wire.remove_method(:local?)
    Emanagement::Wire.define_method(:local?, local)
  end

  # A logger that appends its lines to an array or a queue.
  def logger(lines)
    Object.new.tap { |logger| logger.define_singleton_method(:info) { |line| lines << line } }
  end

  # Returns JIDs that no other test uses.
  def people(*names)
    names.map { |name| "#{name}.#{SecureRandom.hex(4)}@localhost" }
  end

  # Calls the component until it answers, 60 s at most.
  def await(client)
    client.call("isEjabberdNodeStarted", timeout: 5)
  rescue Emanagement::AwayError
    retry if (@await_deadline ||= Emanagement::Deadline.new(60)).remaining.positive?
    raise
  end
end
