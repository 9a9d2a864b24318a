# frozen_string_literal: true

require "server/place"
require "application"

# The old orders, with a check of the server's data after each.
class XmppServerOrderTest < Minitest::Test
  include InPlace

  ORDER = Emanagement::XmppServerOrder

  def setup
    Emanagement.client = component
    Application.empty
  end

  def teardown
    super
    Emanagement.client = nil
  end

  def test_rosters
    a, b = people("a", "b")
    assert_equal "Done", ORDER.addBuddyToRoster(a, b, "B of A", "Site", "from")
    assert_equal [[b, "B of A", "from", ["Site"]]], Place.roster(a)
    assert_equal "Done", ORDER.setRosterForBidirectionalTie(a, b, "A", "B", "of A", "of B")
    assert_equal [[[b, "B", "both", ["of B"]]], [[a, "A", "both", ["of A"]]]], [Place.roster(a), Place.roster(b)]
    assert_equal "Done", ORDER.unsetRosterForBidirectionalTie(a, b, "Old B", "Site")
    assert_equal [[[b, "Old B", "to", ["Site"]]], []], [Place.roster(a), Place.roster(b)]
    assert_equal "#{a} and #{b} aren't bidireccional buddys", ORDER.unsetRosterForBidirectionalTie(a, b, "Old B", "Site")
    assert_equal "Done", ORDER.removeBuddyFromRoster(a, b)
    assert_equal "User #{b} not found in #{a} roster.", ORDER.removeBuddyFromRoster(a, b)
    assert_empty Place.roster(a)
  end

  def test_rooms
    room = "room.#{SecureRandom.hex(4)}"
    rooms = -> { Place.api("muc_online_rooms", service: "conference.localhost").grep(/#{room}/) }
    assert_equal "Done", ORDER.createPersistentRoom(room, "localhost")
    assert_equal ["#{room}@conference.localhost"], rooms.call
    assert_equal "Done", ORDER.destroyRoom(room, "localhost")
    assert_empty rooms.call
    assert_raises(Emanagement::UsageError) { ORDER.createPersistentRoom("a@b", "localhost") }
  end

  def test_removing_all
    owner = "owner.#{SecureRandom.hex(4)}@example.org"
    ORDER.addBuddyToRoster(owner, "b@example.org", "B", "Site", "to")
    ORDER.createPersistentRoom("room", "example.org")
    assert_raises(Emanagement::ForbiddenError) { ORDER.removeAllRosters("example.org") }
    Emanagement.client = user
    assert_match(/Done/, ORDER.removeAllRosters("example.org"))
    assert_match(/Done/, ORDER.removeAllRooms("example.org"))
    assert_empty Place.roster(owner)
    assert_empty Place.api("muc_online_rooms", service: "conference.example.org")
  end

  def test_presence
    here, there, away = %w[here there away].map { |name| "#{name}#{SecureRandom.hex(4)}" }
    [[here, "localhost"], [there, "example.org"]].each do |name, host|
      Place.register("#{name}@#{host}", "pw")
      assert_raises(Emanagement::ForbiddenError) { user("#{name}@#{host}").call("listJobs") } # connects
    end
    User.insert_all!([{ slug: here, name: "", connected: false }, # an invalid record
                      { slug: there, name: "T", connected: false }, { slug: away, name: "A", connected: true }])
    assert_equal "Done", ORDER.synchronizePresence("all")
    assert_equal [here, there], User.where(connected: true).order(:id).map(&:slug)
    assert_equal "Done", ORDER.synchronizePresence("example.org")
    assert_equal [there], User.where(connected: true).map(&:slug)
    ORDER.resetPresence
    assert_equal 0, User.where(connected: true).count
  end

  def test_presence_of_nobody
    User.create!(slug: "a", connected: true)
    ORDER.synchronizePresenceForJids([])
    assert_equal 0, User.where(connected: true).count
  end

  def test_presence_in_another_table
    Member.create!([{ slug: "a" }, { slug: "b", connected: true }])
    User.create!(slug: "a")
    ORDER.synchronizePresenceForJids(["a@localhost/home"], users: Member)
    assert_equal [["a"], []], [Member, User].map { |users| users.where(connected: true).map(&:slug) }
  end

  def test_server_that_is_down
    Emanagement.client = opened Emanagement::Client.component(jid: "rails.localhost", secret: "s", server: "127.0.0.1:1", to: "em.localhost", timeout: 0.2)
    User.create!(slug: "a", connected: true)
    assert_equal false, ORDER.isEjabberdNodeUp
    assert_equal "Xmpp Server Down: Reset Connected Users", ORDER.synchronizePresence("all")
    assert_equal 0, User.where(connected: true).count
  end

  def test_jids
    assert_equal true, ORDER.isEjabberdNodeUp
    jids = %w[a@x.org b@y.org c@x.org]
    assert_equal %w[a c], ORDER.getSlugsFromJids(jids, "x.org")
    assert_equal %w[x.org y.org], ORDER.getDomainsFromJids(jids)
  end

  # The README shows this for code with the old name.
  def test_old_name
    old = Module.new.tap { |presence| presence.const_set(:XmppServerOrder, ORDER) }
    assert_equal "Done", old::XmppServerOrder.addBuddyToRoster(*people("a", "b"), "B", "Site", "to")
  end
end
