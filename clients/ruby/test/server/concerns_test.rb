# frozen_string_literal: true

require "server/place"
require "application"

# Creates, changes and destroys an application's ties and groups, and compares the
# server's rosters and rooms.
class ConcernsTest < Minitest::Test
  include InPlace

  def setup
    Emanagement.client = component
    Application.empty
    @a, @b = ["Jonh Doe", "Éva \"$(id)\" <O'Neil> 😀"].map { |name| User.create!(name: name, slug: "#{SecureRandom.hex(4)}-x") }
  end

  def teardown
    super
    Emanagement.client = nil
  end

  def jid(user)
    "#{user.slug}@localhost"
  end

  # The server's rosters of both users, without groups.
  def rosters
    [@a, @b].map { |user| Place.roster(jid(user)).map { |item| item.first(3) } }
  end

  def one_way(subscription = "from")
    [[[jid(@b), @b.name, subscription]], []]
  end

  def both_ways
    [[[jid(@b), @b.name, "both"]], [[jid(@a), @a.name, "both"]]]
  end

  def test_a_tie_comes_is_replied_and_goes
    tie = Tie.create!(sender: @a, receiver: @b)
    assert_equal one_way, rosters
    assert_equal [["Site of Ours"]], Place.roster(jid(@a)).map(&:last)
    reply = Tie.create!(sender: @b, receiver: @a)
    assert_equal both_ways, rosters
    reply.destroy!
    assert_equal one_way("to"), rosters
    tie.destroy!
    assert_equal [[], []], rosters
  end

  def test_the_one_who_began_withdraws_first
    tie = Tie.create!(sender: @a, receiver: @b)
    Tie.create!(sender: @b, receiver: @a)
    tie.destroy!
    assert_equal [[], [[jid(@a), @a.name, "to"]]], rosters
  end

  # The server was away when the reply was saved, so that the two are no pair there.
  def test_a_withdrawal_after_a_missed_write
    tie = Tie.create!(sender: @a, receiver: @b)
    Tie.insert!({ sender_id: @b.id, receiver_id: @a.id })
    tie.destroy!
    assert_equal [[], [[jid(@a), @a.name, "from"]]], rosters
  end

  def test_the_rest_of_a_pair_keeps_its_subscription
    tie = Tie.create!(sender: @a, receiver: @b)
    Tie.create!(sender: @b, receiver: @a).destroy!
    Tie.find_each(&:reflect_on_rosters)
    assert_equal one_way("to"), rosters
    tie.destroy!
    Tie.create!(sender: @a, receiver: @b)
    assert_equal one_way, rosters
  end

  def test_another_receiver
    tie = Tie.create!(sender: @a, receiver: @b)
    c = User.create!(name: "Carl", slug: "#{SecureRandom.hex(4)}-c")
    tie.update!(receiver: c)
    assert_equal [[[jid(c), "Carl", "from"]], []], rosters
    tie.update!(sender: @b, receiver: @a)
    assert_equal [[], [[jid(@a), @a.name, "from"]]], rosters
  end

  def test_negative_ties
    tie = Opinion.create!(giver: @a, taker: @b)
    reply = Opinion.create!(giver: @b, taker: @a, positive: false)
    assert_equal one_way, rosters
    reply.update!(positive: true)
    assert_equal both_ways, rosters
    reply.update!(positive: false)
    assert_equal one_way("to"), rosters
    tie.update!(positive: false)
    assert_equal [[], []], rosters
  end

  def test_rosters_change_only_after_a_commit
    Tie.transaction do
      Tie.create!(sender: @a, receiver: @b)
      assert_equal [[], []], rosters
      raise ActiveRecord::Rollback
    end
    assert_equal [[], []], rosters
    Tie.transaction do
      [[@a, @b], [@b, @a]].each { |sender, receiver| Tie.create!(sender: sender, receiver: receiver) }
    end
    assert_equal both_ways, rosters
  end

  # The reply is committed after the ties were read and before the rosters are written.
  def test_a_reply_at_the_same_moment
    tie = Tie.new(sender: @a, receiver: @b)
    replied = false
    tie.define_singleton_method(:write_rosters) do |*args|
      Tie.insert!({ sender_id: receiver.id, receiver_id: sender.id }) unless replied
      replied = true
      super(*args)
    end
    tie.save!
    assert_equal both_ways, rosters
  end

  def test_a_destroyed_user_has_no_ties
    Tie.create!(sender: @a, receiver: @b)
    Tie.create!(sender: @b, receiver: @a)
    User.find(@b.id).destroy!
    assert_equal [[], []], rosters
  end

  def test_all_ties_again
    Tie.insert_all!([{ sender_id: @a.id, receiver_id: @b.id }, { sender_id: @b.id, receiver_id: @a.id }])
    Tie.find_each(&:reflect_on_rosters)
    assert_equal both_ways, rosters
  end

  def test_a_tie_to_oneself_is_ignored
    Tie.create!(sender: @a, receiver: @a)
    assert_equal [[], []], rosters
  end

  # The application is responsible for names that make no JID: the tie is saved.
  def test_users_without_slug_and_name
    @b.update!(slug: nil, name: nil)
    tie = Tie.create!(sender: @a, receiver: @b)
    assert_predicate tie, :persisted?
    assert_match(/ERROR.*emanagement: addBuddyToRoster: .*is not a JID/, Application::LOG.string)
  end

  def test_users_without_slug
    name = "Anna #{SecureRandom.hex(4)} Maria"
    tie = Tie.new(sender: @a)
    assert_equal "#{name.downcase.tr(' ', '-')}@localhost", tie.send(:roster_jid, Struct.new(:name).new(name))
  end

  def test_an_error_prevents_no_save
    @b.update!(slug: "no\u0001jid")
    assert Tie.create!(sender: @a, receiver: @b).persisted?
    assert_match(/ERROR.*emanagement: "no\\u0001jid": a character that cannot be sent/, Application::LOG.string)
    @b.update!(slug: "b-#{SecureRandom.hex(4)}")
    Emanagement.client = nil
    assert Tie.create!(sender: @b, receiver: @a).persisted?
    assert_match(/ERROR.*emanagement: no client/, Application::LOG.string)
  end

  def test_an_error_can_be_raised
    @b.update!(slug: "no\u0001jid")
    tie = StrictTie.new(sender: @a, receiver: @b)
    assert_raises(Emanagement::UsageError) { tie.save! }
    assert StrictTie.exists?(tie.id), "it is saved all the same"
  end

  def test_groups_have_rooms
    name = "The Group #{SecureRandom.hex(4)}"
    room = "#{name.downcase.tr(' ', '-')}@conference.localhost"
    group = Group.create!(name: name)
    assert_includes Place.api("muc_online_rooms", service: "conference.localhost"), room
    options = Place.api("get_room_options", room: room.split("@").first, service: "conference.localhost")
    assert_equal "true", options[:persistent]
    Group.create!(name: name)
    assert_match(/WARN.*emanagement: createPersistentRoom: Room .* already exists/, Application::LOG.string)
    group.update!(name: "#{name} of Old")
    refute_includes Place.api("muc_online_rooms", service: "conference.localhost"), room
    room = room.sub("@", "-of-old@")
    assert_includes Place.api("muc_online_rooms", service: "conference.localhost"), room
    group.destroy!
    refute_includes Place.api("muc_online_rooms", service: "conference.localhost"), room
  end
end
