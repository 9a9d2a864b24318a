# frozen_string_literal: true

require "helper"
require "emanagement/testing"
require "application"

# The concerns with the test client, as in an application's own tests.
class ModelsTest < Minitest::Test
  def setup
    Application.empty
    Emanagement.client = @client = Emanagement::TestClient.new
    @client.answer("getRoster", Emanagement::Result.new(shape: :refusal, outcome: "Roster not found"))
  end

  def teardown
    Emanagement.client = nil
  end

  def user(slug, name = slug)
    User.create!(slug: slug, name: name)
  end

  # The calls since the last check: each verb with its JIDs and room.
  def calls
    @client.calls.map { |c| [c.verb, *c.arguments.values_at(:userJid, :userAJid, :buddyJid, :userBJid, :roomName).compact].join(" ") }
  ensure
    @client.clear
  end

  def test_slugs_are_compared_as_servers_make_them
    ana, ben = user("AnaB"), user("O'Brien")
    Tie.create!(sender: ana, receiver: ben)
    assert_equal ["getRoster anab@localhost", 'addBuddyToRoster anab@localhost o\27brien@localhost'], calls
    item = { jid: 'o\27brien@localhost', subscription: "to" }
    @client.answer("getRoster", Emanagement::Result.new(shape: :table, outcome: "1 item", items: [item]))
    Tie.last.reflect_on_rosters
    assert_equal "to", @client.calls.last.arguments[:subscription_type]
  end

  def test_one_user_spelled_twice_is_no_pair
    Tie.create!(sender: user("AnaB"), receiver: user("anab"))
    assert_empty calls
  end

  def test_a_renamed_user
    ana, ben = user("ana", "Ana"), user("ben", "Ben")
    Tie.create!(sender: ana, receiver: ben)
    calls
    ben.update!(slug: "benjamin")
    assert_equal ["getRoster ana@localhost", "addBuddyToRoster ana@localhost benjamin@localhost",
                  "removeBuddyFromRoster ben@localhost ana@localhost", "removeBuddyFromRoster ana@localhost ben@localhost"], calls
    ben.update!(name: "Benjamin")
    assert_equal ["getRoster ana@localhost", "addBuddyToRoster ana@localhost benjamin@localhost"], calls
    ben.update!(slug: "BENJAMIN")
    assert_empty calls
    ben.update!(connected: true)
    assert_empty calls
  end

  def test_rooms_of_groups_with_slugs
    club = Club.create!(name: "The Club")
    assert_equal ["createPersistentRoom the-club"], calls
    club.update!(slug: "club")
    assert_equal ["createPersistentRoom club", "destroyRoom the-club"], calls
    club.update!(slug: nil)
    assert_equal ["createPersistentRoom the-club", "destroyRoom club"], calls
    club.update!(name: "Other")
    assert_equal ["createPersistentRoom other", "destroyRoom the-club"], calls
    club.update!(name: "OTHER")
    assert_empty calls
    Club.transaction do
      club.update!(slug: "x")
      club.update!(slug: "y")
      club.update!(name: "z")
    end
    assert_equal ["createPersistentRoom y", "destroyRoom other"], calls
    club.destroy!
    assert_equal ["destroyRoom y"], calls
  end

  def test_errors_are_logged
    @client.answer(:any, Emanagement::AwayError.new("away"))
    Tie.create!(sender: user("ana"), receiver: user("ben"))
    assert_includes Application::LOG.string, "away"
    Application::LOG.truncate(0)
    @client.answer(:any, Emanagement::Result.new(shape: :refusal, outcome: "no"))
    Tie.last.reflect_on_rosters
    assert_includes Application::LOG.string, "no"
    broken = user("a\u0001")
    Tie.create!(sender: broken, receiver: user("eva"))
    assert_includes Application::LOG.string, "cannot be sent"
  end

  def test_presences_of_prepared_slugs
    ana, eva, ben = user("AnaB"), user("strauß"), user("ben")
    ben.update!(connected: true)
    list = Emanagement::Result.new(shape: :table, outcome: "2", lines: %w[anab@localhost strauss@localhost])
    @client.answer("getConnectedJids", list)
    assert_equal "Done", Emanagement::XmppServerOrder.synchronizePresence("all", users: User)
    assert_equal [true, true, false], [ana, eva, ben].map { |u| u.reload.connected }
    assert_equal "Done", Emanagement::XmppServerOrder.synchronizePresence("all", users: User)
    assert_equal [true, true, false], [ana, eva, ben].map { |u| u.reload.connected }
    part = Emanagement::Result.new(shape: :table, outcome: "1", lines: %w[ben@localhost], more_after: "ben@localhost")
    @client.answer("getConnectedJids", part)
    assert_raises(Emanagement::FailedError) { Emanagement::XmppServerOrder.synchronizePresence("all", users: User) }
    assert_equal [true, true, false], [ana, eva, ben].map { |u| u.reload.connected }
  end

  def test_the_test_client_checks_arguments
    assert_raises(Emanagement::UsageError) { @client.call("getRoster", userJid: "a\u0001@b") }
    assert_raises(Emanagement::UnknownVerbError) { @client.call("get\u0001") }
    assert_raises(Emanagement::UsageError) { @client.call("getRoster", "us\u0001": "a") }
    @client.call("broadcast", userJids: ["a", nil, "b"])
    assert_equal %w[a b], @client.calls.last.arguments[:userJids]
  end
end
