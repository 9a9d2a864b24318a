# frozen_string_literal: true

require "server/place"
require "server/fake_server"

# How the connection is made, kept, shared, lost and made again.
class ConnectionTest < Minitest::Test
  include InPlace

  CONNECTS = 500

  # The clients connect one after the other: two connections of one component would get
  # answers to each other's requests.
  def test_connects_of_the_component
    connects(-> { component }, &:close)
  end

  # A user's client closes its connection while the next one connects.
  def test_connects_of_the_user
    leaving = []
    connects(-> { user("reader@localhost") }) { |client| leaving << Thread.new { client.close } }
    leaving.each(&:join)
    assert_empty Place.api("user_sessions_info", user: "reader", host: "localhost")
  end

  # Threads read and write with two clients while the server restarts. Each call ends, and
  # all calls succeed when the server is there again.
  def test_restart_of_the_server
    clients = [component, user]
    clients.each { |client| await(client) }
    over = false
    threads = clients.product([0, 1, 2]).map do |client, _|
      Thread.new do
        done = 0
        done += write_and_read(client) until over && done.positive?
        Array.new(10) { client.call("checkUserJid", userJid: "nobody@localhost").answer }
      end
    end
    2.times { Place.order("restart the server") }
    clients.each { |client| await(client) }
    over = true
    threads.each { |thread| assert_equal [false] * 10, thread.value }
  end

  def test_component_that_is_away
    client = user
    Place.order("stop the program")
    error = assert_raises(Emanagement::AwayError) { client.call("sendMessageToUser", fromJid: "S", toJid: "a@localhost", msg: "m") }
    assert_match(/the component is away/, error.text)
    refute_predicate error, :outcome_unknown?
    assert_instance_of Emanagement::AwayError, error
  ensure
    Place.order("start the program")
  end

  def test_deadline_of_a_call
    client = user
    client.call("listJobs")
    Place.order("freeze the program")
    { "getRoster" => /no answer within 1 s; whether it was done is unknown, and asking again does no harm/,
      "kickUserJid" => /no answer within 1 s; whether it was done is unknown, and it must not simply be repeated/ }.each do |verb, text|
      error = assert_raises(Emanagement::TimeoutError) { client.call(verb, userJid: "nobody@localhost", timeout: 1) }
      assert_predicate error, :outcome_unknown?
      assert_match text, error.message
    end
    Place.order("thaw the program")
    assert_equal [], await(client) && client.call("listJobs").items
  ensure
    Place.order("thaw the program")
  end

  # Threads are killed at any point. That does not disturb the other threads.
  def test_killed_threads_do_not_disturb_others
    client = user
    client.call("listJobs")
    busy = Array.new(4) { Thread.new { Array.new(30) { write_and_read(client) } } }
    200.times do |n|
      killed = Thread.new { write_and_read(client) }
      killed.join(n / 20_000.0)
      killed.kill
    end
    busy.each(&:join)
    assert_equal 1, write_and_read(client)
  end

  def test_a_fork_has_a_connection_of_its_own
    client = user(logger: logger(log = []))
    over = false
    busy = Array.new(3) { Thread.new { write_and_read(client) until over } }
    client.call("listJobs") # makes the connection
    5.times { assert_equal 0, forked { 3.times { write_and_read(client) } } }
    over = true
    busy.each(&:join)
    assert_equal 1, log.size, "the parent kept its own"
  end

  private

  # Logs in many times, one login after the other, with a restart of the server in the
  # middle.
  def connects(login)
    CONNECTS.times do |n|
      Place.order("restart the server") if n == CONNECTS / 2
      client = login.call
      await(client) if n == CONNECTS / 2
      assert_equal false, client.call("checkUserJid", userJid: "nobody@localhost").answer
      yield client
    end
  end

  # Writes and reads a roster. Returns 1, or 0 if the server is away.
  def write_and_read(client)
    owner, contact = people("owner", "contact")
    client.call("addBuddyToRoster", userJid: owner, buddyJid: contact, subscription_type: "from", timeout: 5)
    raise "not what was written" unless client.call("getRoster", userJid: owner, timeout: 5).items.map { |i| i[:jid] } == [contact]

    1
  rescue Emanagement::AwayError
    0
  end

  # Runs the block in a forked process, and returns the exit status.
  def forked
    pid = fork do
      yield
      exit!(0)
    rescue Exception => e # rubocop:disable Lint/RescueException
      warn e.full_message
      exit!(1)
    end
    Process.wait2(pid).last.exitstatus
  end
end

# How the connection is lost in situations that a real server does not produce on demand.
class LostConnectionTest < Minitest::Test
  include InPlace

  def fake(&handle)
    @fake = FakeServer.new(&handle)
  end

  def teardown
    super
    @fake&.close
  end

  def test_a_verb_that_sets_a_state_is_repeated_once
    fake { |stanza, connection| @fake.stanzas.size == 2 ? connection.write(FakeServer.answer(stanza)) : connection.close }
    assert_equal :done, opened(@fake.client).call("removeRoster", userJid: "a@b").shape
    assert_equal 2, @fake.stanzas.size
  end

  def test_and_not_twice
    fake { |_, connection| connection.close }
    error = assert_raises(Emanagement::DisconnectedError) { opened(@fake.client).call("removeRoster", userJid: "a@b") }
    assert_match(/asking again does no harm/, error.message)
    assert_equal 2, @fake.stanzas.size
  end

  def test_a_message_is_never_repeated
    fake { |_, connection| connection.close }
    %w[sendMessageToUser broadcast kickUserJid createPersistentRoom destroyRoom aVerbOfTomorrow].each.with_index(1) do |verb, count|
      error = assert_raises(Emanagement::DisconnectedError) { opened(@fake.client).call(verb) }
      assert_predicate error, :outcome_unknown?
      assert_match(/must not simply be repeated/, error.message)
      assert_equal count, @fake.stanzas.size
    end
  end

  # A lost connection is not used any more.
  def test_a_lost_connection_is_replaced
    fake { |stanza, connection| connection.write(FakeServer.answer(stanza)) && connection.close }
    lines = Queue.new
    client = opened(@fake.client(logger: logger(lines)))
    3.times do |n|
      assert_equal :done, client.call("sendMessageToUser").shape
      assert_equal ["emanagement: connected", "emanagement: the server has closed the connection"], [lines.pop, lines.pop]
      assert_equal n + 1, @fake.stanzas.size
    end
  end

  def test_the_stream_is_ended_with_a_reason
    fake do |_, connection|
      connection.write("<stream:error><system-shutdown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>")
    end
    assert_match(/system-shutdown/, assert_raises(Emanagement::DisconnectedError) { opened(@fake.client).call("broadcast") }.text)
  end

  def test_the_server_sends_malformed_xml
    fake { |_, connection| connection.write("<iq></message>") }
    assert_match(/not XML/, assert_raises(Emanagement::DisconnectedError) { opened(@fake.client).call("broadcast") }.text)
  end

  def test_answers_in_another_order
    first = nil
    fake do |stanza, connection|
      if first
        [stanza, first].each { |s| connection.write(FakeServer.answer(s, "<command status='completed'><note type='info'>#{s[/node='(\w+)'/, 1]}</note></command>")) }
      else
        first = stanza
      end
    end
    client = opened(@fake.client)
    outcomes = %w[one two].map { |verb| Thread.new { client.call(verb).outcome } }
    assert_equal %w[one two], outcomes.map(&:value)
  end

  def test_requests_of_the_server_are_refused
    answers = Queue.new
    fake do |stanza, connection|
      next answers << stanza if stanza.include?("type='error'")

      connection.write("<message><body>m</body></message><presence/><iq type='get' id='&lt;1' from='a@b/&apos;c'><ping xmlns='urn:xmpp:ping'/></iq>")
      connection.write(FakeServer.answer(stanza))
    end
    assert_equal :done, opened(@fake.client).call("broadcast").shape
    assert_match(%r{\A<iq type='error' id='&lt;1' from='rails.example.org/web1' to='a@b/&apos;c'>.*<service-unavailable}, answers.pop)
  end

  def test_an_answer_to_another_process
    fake { |stanza, connection| connection.write("<iq type='result' id='not ours'/>" + FakeServer.answer(stanza)) }
    opened(@fake.client(logger: logger(log = []))).call("broadcast")
    assert_match(/another process/, log.last)
  end

  def test_a_verb_that_failed
    fake do |stanza, connection|
      error = "<error type='cancel'><internal-server-error xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>half of it</text></error>"
      connection.write(FakeServer.answer(stanza, error, type: "error"))
    end
    error = assert_raises(Emanagement::FailedError) { opened(@fake.client).call("removeRoster") }
    assert_equal ["removeRoster: half of it", true], [error.message, error.outcome_unknown?]
  end

  def test_answers_that_cannot_be_read
    json = "<x xmlns='jabber:x:data'><field var='json'><value>%s</value></field></x>"
    ["<other/>", *["", "{", "[]", "{}"].map { |text| "<command status='completed'>#{format(json, text)}</command>" }].each do |inside|
      fake { |stanza, connection| connection.write(FakeServer.answer(stanza, inside)) }
      assert_raises(Emanagement::FailedError, inside) { opened(@fake.client).call("removeRoster") }
      @clients.each(&:close)
      @fake.close
    end
  end

  # The server does not listen, or does not answer.
  def test_deadline_of_the_login
    silent = TCPServer.new("127.0.0.1", 0)
    { "127.0.0.1:#{silent.addr[1]}" => //, "127.0.0.1:1" => /refused/ }.each do |address, why|
      client = opened Emanagement::Client.component(jid: "a", secret: "b", server: address, to: "c", timeout: 2)
      error = assert_raises(Emanagement::AwayError) { client.call("listJobs") }
      assert_match(/not connected within 2 s/, error.text)
      assert_match why, error.text
      refute_predicate error, :outcome_unknown?
    end
  ensure
    silent.close
  end

  # The server reads nothing any more, so that a long message cannot be sent completely.
  def test_deadline_of_a_send
    fake { |_, _| sleep }
    client = opened(@fake.client)
    assert_raises(Emanagement::TimeoutError) { client.call("broadcast", timeout: 2) }
    error = assert_raises(Emanagement::TimeoutError) { client.call("broadcast", msg: "m" * 12_000_000, timeout: 3) }
    refute_predicate error, :outcome_unknown?
  end

  # A verb may take minutes without a sign of life. A short call at the same time that is
  # answered too late does not prove a lost connection.
  def test_a_long_call_survives_short_ones
    long = nil
    fake do |stanza, connection|
      if stanza.include?("broadcast")
        long = stanza
      else
        sleep 0.2
        connection.write(FakeServer.answer(stanza))
        connection.write(FakeServer.answer(long)) if stanza.include?("stopJob")
      end
    end
    client = opened(@fake.client)
    waiting = Thread.new { client.call("broadcast", timeout: 60) }
    sleep 0.01 until long
    sleep Emanagement::Session::SILENCE + 0.1
    assert_raises(Emanagement::TimeoutError) { client.call("listJobs", timeout: 0.1) }
    assert_equal :done, client.call("stopJob").shape
    assert_equal :done, waiting.value.shape
  end

  # The server is connected, and sends nothing for longer than SILENCE.
  def test_a_silent_connection_is_replaced
    connections = []
    fake do |stanza, connection|
      connections |= [connection]
      connection.write(FakeServer.answer(stanza)) if connections.size == 2
    end
    client = opened(@fake.client)
    assert_raises(Emanagement::TimeoutError) { client.call("broadcast", timeout: Emanagement::Session::SILENCE + 0.1) }
    assert_equal :done, client.call("broadcast").shape
  end
end
