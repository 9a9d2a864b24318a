# frozen_string_literal: true

require_relative "reflection"

module Emanagement
  # For a model whose records are ties from one user to another: shows in the
  # rosters of both what there is between them. To be included, and set up by
  # reflects_on_rosters.
  #
  #   sender -> receiver only   the sender has the receiver, subscription from
  #   both ways                 each has the other, subscription both
  #   receiver -> sender only   after a pair, the receiver has the sender: to
  #   neither                   the sender does not have the receiver
  module Tie
    include Reflection

    def self.included(model)
      model.extend(ClassMethods)
    end

    # What the model's class gets.
    module ClassMethods
      attr_reader :roster_settings

      # Has every tie that is created, changed or destroyed be reflected once it
      # is committed. domain is what stands after the @ in the users' JIDs, group
      # the group in which contacts are shown; sender and receiver name the
      # model's associations. raises: true raises an Error to who saved the tie,
      # which is saved all the same. async: true has it done by Active Job, in the
      # queue that is given, and again while the server is away.
      def reflects_on_rosters(domain:, group:, sender: :sender, receiver: :receiver, client: nil, raises: false, async: false, queue: nil)
        @roster_settings = Reflection::Settings.new(domain: domain, group: group, sender: sender, receiver: receiver,
                                                    client: client, raises: raises, async: async, queue: queue)
        before_update { @roster_keys_were ||= roster_keys_in_database }
        after_rollback { @roster_keys_were = nil }
        before_destroy :roster_ends # who may be gone themselves after the commit
        after_commit :reflect_on_rosters
      end

      def inherited(subclass)
        super
        subclass.instance_variable_set(:@roster_settings, roster_settings)
      end
    end

    # How often what is written is compared with what there is by then.
    ATTEMPTS = 3

    # Makes the rosters show what there is between the two now, and between those
    # whom the tie was between before. It runs after every commit, and may be run
    # at any other time, as often as one likes.
    def reflect_on_rosters
      ends = [former_roster_ends, roster_ends].compact
      @roster_keys_were = nil
      reflecting(self.class.roster_settings) { ends.each { |sender, receiver| reflect_between_soon(sender, receiver) } }
    end

    # Has the rosters no longer show what was between two JIDs.
    def forget_between(one, other)
      settings = self.class.roster_settings
      [[one, other], [other, one]].each { |user, contact| reflect(settings, "removeBuddyFromRoster", userJid: user, buddyJid: contact) }
    end

    # Makes the rosters of two users show what there is between them now.
    def reflect_between(sender, receiver)
      return unless roster_users?(sender, receiver) && !Emanagement.same_jid?(roster_jid(sender), roster_jid(receiver))

      # Somebody may have answered meanwhile, whose own commit came too early to
      # see what is written here.
      ATTEMPTS.times do
        before = ways(sender, receiver)
        write_rosters(sender, receiver, *before)
        break if ways(sender, receiver) == before
      end
    end

    # A user's JID, by his slug or by his name as Emanagement.slug makes one.
    def roster_jid(user)
      "#{local_of(user)}@#{self.class.roster_settings.domain}"
    end

    # The sender and the receiver.
    def roster_ends
      [self.class.roster_settings.sender, self.class.roster_settings.receiver].map { |name| public_send(name) }
    end

    private

    # Does it now, or has a job do it.
    def reflect_between_soon(sender, receiver)
      settings = self.class.roster_settings
      return reflect_between(sender, receiver) unless settings.async && roster_users?(sender, receiver)

      ends = [sender, receiver].map { |user| [user.class.name, user.id, roster_jid(user)] }
      RosterJob.set(**{ queue: settings.queue }.compact).perform_later(self.class.name, *ends)
    end

    # The foreign keys of both sides that are columns here, as they are in the
    # database.
    def roster_keys_in_database
      roster_associations.transform_values { |association| attribute_in_database(association.foreign_key) }
    end

    def roster_associations
      %i[sender receiver].to_h { |side| [side, self.class.reflect_on_association(self.class.roster_settings[side])] }
                         .select { |_, association| association&.belongs_to? && !association.polymorphic? }
    end

    # The sender and the receiver before one of them was changed.
    def former_roster_ends
      return if @roster_keys_were.nil? || @roster_keys_were == roster_associations.transform_values { |a| self[a.foreign_key] }

      %i[sender receiver].map do |side|
        association = roster_associations[side] or next public_send(self.class.roster_settings[side])
        association.klass.find_by(association.association_primary_key => @roster_keys_were[side])
      end
    end

    # Is this a tie between two users? To be overridden where others have ties
    # too.
    def roster_users?(sender, receiver)
      sender && receiver && sender != receiver
    end

    # Is there a tie from one to the other? To be overridden where a tie can be a
    # negative one.
    def roster_tie?(from, to)
      settings = self.class.roster_settings
      self.class.where(settings.sender => from, settings.receiver => to).exists?
    end

    # The name under which a user is shown.
    def roster_nick(user)
      user.name
    end

    def ways(sender, receiver)
      [roster_tie?(sender, receiver), roster_tie?(receiver, sender)]
    end

    def write_rosters(sender, receiver, there, back)
      settings = self.class.roster_settings
      group = settings.group
      a, b = [sender, receiver].map { |user| roster_jid(user) }
      if there && back
        reflect(settings, "setBidireccionalBuddys", userAJid: a, userBJid: b, userANick: roster_nick(sender),
                                                    userBNick: roster_nick(receiver), groupForA: group, groupForB: group)
      elsif there
        write_one_way(settings, sender, receiver)
      elsif back
        unset = reflect(settings, "unsetBidireccionalBuddys", userJid: b, oldFriendJid: a, oldFriendNick: roster_nick(sender),
                                                              groupForOldFriend: group)
        return unless unset&.refused?

        # They were no pair there, perhaps because the server was away.
        reflect(settings, "removeBuddyFromRoster", userJid: a, buddyJid: b)
        write_one_way(settings, receiver, sender)
      else
        reflect(settings, "removeBuddyFromRoster", userJid: a, buddyJid: b)
      end
    end

    # Gives the owner the contact alone. What is left of a pair has the
    # subscription to, and keeps it.
    def write_one_way(settings, owner, contact)
      a, b = [owner, contact].map { |user| roster_jid(user) }
      roster = ask(settings, "getRoster", userJid: a)
      return unless roster

      left = !roster.refused? && roster.items.any? { |item| Emanagement.same_jid?(item[:jid], b) && item[:subscription] == "to" }
      reflect(settings, "addBuddyToRoster", userJid: a, buddyJid: b, buddyNick: roster_nick(contact),
                                            buddyGroup: settings.group, subscription_type: left ? "to" : "from")
    end
  end
end
