# frozen_string_literal: true

require "server/place"
require "pathname"
require "socket"
require "tmpdir"

# The common tests of all transports. A test case that includes this module has a method
# client.
module Transport
  include InPlace

  def test_no_such_verb
    client = self.client
    ["", "..", "no such verb", "getRoster HTTP/1.1\r\nX: y"].each do |verb|
      error = assert_raises(Emanagement::UnknownVerbError, verb.inspect) { client.call(verb) }
      refute_predicate error, :outcome_unknown?
    end
  end

  # These nicks do not arrive unchanged if code passes them to a shell, cuts them at a
  # blank, or does not escape them.
  NICKS = [
    "", "Jonh Doe", " at both ends ", %(Terry "T" O'Neil), "$(reboot)", "`id`; rm -rf / | cat > x &", "<b>&amp;</b> ]]>",
    "--yes", "\\t\\n\\\\", "%s%n", "✓ é ñ 日本語", "👩‍👩‍👧 😀", "two\nlines\tand a tab", "x" * 1024, "é" * 512
  ].freeze

  def test_nicks_and_groups_arrive_unchanged
    client = self.client
    NICKS.each do |text|
      a, b = people("a", "b")
      groups = [text, "Semi;colon"].reject(&:empty?)
      result = client.call("addBuddyToRoster", userJid: a, buddyJid: b, buddyNick: text, buddyGroup: groups, subscription_type: "from")
      assert_equal [:done, "Done"], [result.shape, result.to_s], text
      names = groups.flat_map(&:lines).map(&:chomp) # one group in each line
      assert_equal [[b, text, "from", names.sort]], Place.roster(a).map { |*item, gs| [*item, gs.sort] }
    end
  end

  def test_results
    client = self.client
    a, b, c = people("a", "b", "c")
    refused = client.call("getRoster", userJid: a)
    assert_predicate refused, :refused?
    assert_equal "Roster not found for user #{a}", refused.to_s
    assert_equal false, client.call(:checkUserJid, userJid: a).answer
    assert_equal :done, client.call("setBidireccionalBuddys", userAJid: a, userBJid: b, userANick: "A\t1", userBNick: nil, groupForA: :Friends).shape
    assert_equal :done, client.call("addBuddyToRoster", userJid: b, buddyJid: c, buddyNick: 7, subscription_type: "to").shape
    assert_equal true, client.call("checkBidirecctionalBuddys", userAJid: a, userBJid: b).answer
    roster = client.call("getRoster", userJid: b)
    assert_equal [:table, "2 items"], [roster.shape, roster.outcome]
    assert_equal [{ jid: a, nick: "A\t1", subscription: "both", ask: "none", groups: ["Friends"] },
                  { jid: c, nick: "7", subscription: "to", ask: "none", groups: [] }], roster.items
    assert_equal ["#{a}\tA\\t1\tboth\tnone\tFriends", "#{c}\t7\tto\tnone\t"], roster.lines
    assert_equal :done, client.call("removeRoster", userJid: b).shape
    assert_empty Place.roster(b)
  end

  def test_a_large_result
    client = self.client
    owner = people("owner").first
    contacts = Array.new(100) { |n| format("c%03d@localhost", n) }
    contacts.each { |jid| client.call("addBuddyToRoster", userJid: owner, buddyJid: jid, buddyNick: "<&>" * 341, subscription_type: "to") }
    items = client.call("getRoster", userJid: owner).items
    assert_equal contacts, items.map { |item| item[:jid] }
    assert_equal ["<&>" * 341], items.map { |item| item[:nick] }.uniq
  end

  def test_errors
    client = self.client
    a, b = people("a", "b")
    bad = { userJid: a, buddyJid: b, subscription_type: "both" }
    {
      { buddyJid: nil } => "buddyJid", { buddyJid: "@" } => "buddyJid", { subscription_type: "BOTH" } => "subscription_type",
      { userJid: "a@(b" } => "userJid", { userJid: "a@nowhere.example" } => "userJid",
      { buddyNik: "B" } => "buddyNik", { buddyNick: "a\u0001b" } => "buddyNick", { buddyGroup: ["One", "\xFF"] } => "buddyGroup"
    }.each do |wrong, field|
      error = assert_raises(Emanagement::UsageError, wrong) { client.call("addBuddyToRoster", **bad, **wrong) }
      assert_equal [field, "addBuddyToRoster", false], [error.field, error.verb, error.outcome_unknown?], error.message
      assert_match(/\AaddBuddyToRoster: .*#{field}/, error.message)
    end
    assert_raises(Emanagement::UnknownVerbError) { client.call("addBuddy", userJid: a) }
    assert_empty Place.roster(a)
  end

  def test_threads_share_the_client
    client = self.client
    contacts = people(*"a".."h")
    results = contacts.map do |jid|
      Thread.new do
        owner = people("owner").first
        10.times { |n| client.call("addBuddyToRoster", userJid: owner, buddyJid: jid, buddyNick: "#{jid} #{n}", subscription_type: "to") }
        client.call("getRoster", userJid: owner).items.map { |item| item.values_at(:jid, :nick) }
      end
    end
    assert_equal(contacts.map { |jid| [[jid, "#{jid} 9"]] }, results.map(&:value))
    assert_equal 1, @log.grep(/connected/).size if @log
  end

  def test_closed
    client = self.client
    client.call("listJobs")
    client.close
    client.close
    assert_match(/the client is closed/, assert_raises(Emanagement::AwayError) { client.call("listJobs") }.message)
  end
end

# The tests of a client with the role admin.
module Admin
  def test_confirmation
    owner = "owner.#{SecureRandom.hex(4)}@example.org"
    client = self.client
    client.call("addBuddyToRoster", userJid: owner, buddyJid: "b@example.org", subscription_type: "to")
    error = assert_raises(Emanagement::UsageError) { client.call("removeAllRostersByDomain", domain: "example.org", confirm: "false") }
    assert_equal "confirm", error.field
    error = assert_raises(Emanagement::ConfirmationError) { client.call("removeAllRostersByDomain", domain: "example.org") }
    assert_equal "this removes 1 item of 1 roster on example.org", error.text
    assert_equal 1, Place.roster(owner).size
    assert_equal :done, client.call("removeAllRostersByDomain", domain: "example.org", confirm: true).shape
    assert_empty Place.roster(owner)
  end

  def test_a_cut_list
    client = self.client
    first, second, third = Array.new(3) { |n| "z#{n}@localhost" }
    [second, third].each { |jid| client.call("addBuddyToRoster", userJid: jid, buddyJid: "b@localhost", subscription_type: "to") }
    list = client.call("getAllUserJidsWithRosterByDomain", domain: "localhost", from: first, limit: 1)
    assert_equal [[second], second], [list.items, list.more_after]
  end
end

# The tests of a client that is a component.
class ComponentTest < Minitest::Test
  include Transport

  def client
    component(logger: logger(@log = []))
  end

  def test_forbidden
    client = self.client
    error = assert_raises(Emanagement::ForbiddenError) { client.call("removeAllRostersByDomain", domain: "example.org", confirm: true) }
    assert_match(/it takes the role admin/, error.text)
    refute_predicate error, :outcome_unknown?
  end

  def test_a_jid_without_resource_gets_one
    client = opened Emanagement::Client.component(jid: W[:component], secret: W[:secret], server: W[:component_server], to: W[:service])
    assert_equal true, client.call("isEjabberdNodeStarted").answer
  end

  def test_wrong_secret
    client = opened Emanagement::Client.component(jid: W[:component], secret: "wrong", server: W[:component_server], to: W[:service])
    2.times { assert_match(/not-authorized/, assert_raises(Emanagement::LoginError) { client.call("listJobs") }.message) }
  end

  def test_tls
    # The only listener with TLS accepts no component but emanagement. Its certificate is
    # for localhost.
    { "127.0.0.1" => [W[:ca], /certificate/], "localhost" => [nil, /certificate/] }.each do |host, (ca_file, message)|
      error = assert_raises(Emanagement::LoginError) { tls(host, ca_file).call("listJobs") }
      assert_match message, error.message
    end
    assert_match(/not-authorized/, assert_raises(Emanagement::LoginError) { tls("localhost", W[:ca]).call("listJobs") }.message)
  end

  private

  def tls(host, ca_file)
    opened Emanagement::Client.component(jid: W[:component], secret: W[:secret], server: "tls://#{host}:#{W[:tls_port]}", to: W[:service],
                                         ca_file: ca_file)
  end
end

# The tests of a client with an account, over TLS.
class UserTest < Minitest::Test
  include Admin
  include Transport

  def client
    user(logger: logger(@log = []))
  end

  def test_forbidden
    stranger = user("stranger@localhost")
    assert_raises(Emanagement::ForbiddenError) { stranger.call("getRoster", userJid: "a@localhost") }
    assert_raises(Emanagement::ForbiddenError) { user("writer@localhost").call("getRoster", userJid: "a@example.org") }
  end

  def test_wrong_password
    client = user("reader@localhost", password: "wrong")
    2.times { assert_match(/reader@localhost: not-authorized/, assert_raises(Emanagement::LoginError) { client.call("listJobs") }.message) }
  end

  def test_unknown_certificate
    elsewhere do
      error = assert_raises(Emanagement::LoginError) { user(ca_file: nil).call("listJobs") }
      assert_match(/the certificate of localhost: .*certificate verify failed.*; ca_file: names the authority/, error.message)
    end
  end

  # On this machine no attacker can be in between. Still, the password itself is not sent.
  def test_unknown_certificate_on_this_machine
    assert_equal true, user(ca_file: nil).call("isEjabberdNodeStarted").answer
    jid = "plain#{SecureRandom.hex(4)}@example.org"
    Place.register(jid, "pw")
    error = assert_raises(Emanagement::LoginError) { user(jid, ca_file: nil).call("listJobs") }
    assert_match(/no way to log in that is safe here, only: .*PLAIN/, error.message)
  end

  def test_invalid_ca_files
    [__FILE__, Pathname("/no/such.pem"), __dir__].each do |file|
      error = assert_raises(Emanagement::LoginError, file) { user(ca_file: file).call("listJobs") }
      assert_match(/ca_file #{Regexp.escape(file.to_s)}: /, error.message)
    end
  end

  def test_no_password
    [nil, ""].each { |none| assert_raises(ArgumentError) { Emanagement::Client.user(jid: "a@b", password: none, to: "c") } }
  end

  def test_unknown_host
    client = user("admin@nowhere.example", timeout: 5)
    assert_match(/host-unknown/, assert_raises(Emanagement::AwayError) { client.call("listJobs") }.message)
  end

  def test_names_and_passwords
    { "sc=r,am#{SecureRandom.hex(4)}@localhost" => "pä s,s=wörd ① <&>" }.each do |jid, password|
      Place.register(jid, password)
      # The server accepts the login, and the component knows no such requester.
      assert_raises(Emanagement::ForbiddenError) { user(jid, password: password).call("listJobs") }
    end
  end

  # example.org offers no SCRAM.
  def test_plain_by_tls
    jid = "plain#{SecureRandom.hex(4)}@example.org"
    Place.register(jid, "pässword <&>")
    assert_raises(Emanagement::ForbiddenError) { user(jid, password: "pässword <&>").call("listJobs") }
    assert_match(/not-authorized/, assert_raises(Emanagement::LoginError) { user(jid, password: "wrong").call("listJobs") }.message)
  end

  def test_bad_jids
    ["localhost", "admin@localhost/home", "@localhost", "admin@"].each do |jid|
      assert_raises(ArgumentError, jid) { user(jid) }
    end
  end
end

# The tests of a client with an account, on a server without TLS.
class UserWithoutTLSTest < Minitest::Test
  include InPlace

  def test_on_loopback
    assert_equal true, user(server: W[:without_tls]).call("isEjabberdNodeStarted").answer
  end

  def test_elsewhere
    elsewhere do
      error = assert_raises(Emanagement::LoginError) { user(server: W[:without_tls]).call("listJobs") }
      assert_match(/the server does not offer TLS/, error.message)
    end
  end
end

# The tests of a client with the control socket.
class ControlTest < Minitest::Test
  include Admin
  include Transport

  def client
    opened Emanagement::Client.control(W[:control], timeout: CALL_TIMEOUT)
  end

  # The component's answer says whether it has sent the server a request.
  def test_a_server_that_is_away
    { "" => true, ',"nothing_done":true' => false }.each do |more, unknown|
      error = assert_raises(Emanagement::AwayError) { answered(%({"error":{"kind":"away","text":"it is away"#{more}}}\n)) }
      assert_equal ["kickUserJid: it is away", unknown], [error.message, error.outcome_unknown?]
    end
  end

  private

  # Calls kickUserJid, with this body as the answer.
  def answered(body)
    Dir.mktmpdir do |dir|
      UNIXServer.open("#{dir}/control.sock") do |server|
        answering = Thread.new do
          caller = server.accept
          caller.readpartial(4096)
          caller.write("HTTP/1.1 503 Service Unavailable\r\nContent-Length: #{body.bytesize}\r\n\r\n#{body}")
          caller.close
        end
        opened(Emanagement::Client.control("#{dir}/control.sock")).call("kickUserJid", userJid: "a@b")
      ensure
        answering.join
      end
    end
  end
end
