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
      # which is saved all the same.
      def reflects_on_rosters(domain:, group:, sender: :sender, receiver: :receiver, client: nil, raises: false)
        @roster_settings = Reflection::Settings.new(domain: domain, group: group, sender: sender, receiver: receiver,
                                                    client: client, raises: raises)
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
      [former_roster_ends, roster_ends].compact.each { |sender, receiver| reflect_between(sender, receiver) }
    end

    private

    def reflect_between(sender, receiver)
      return unless roster_users?(sender, receiver)

      # Somebody may have answered meanwhile, whose own commit came too early to
      # see what is written here.
      ATTEMPTS.times do
        before = ways(sender, receiver)
        write_rosters(sender, receiver, *before)
        break if ways(sender, receiver) == before
      end
    end

    # The sender and the receiver before one of them was changed.
    def former_roster_ends
      changed = false
      ends = %i[sender receiver].map do |side|
        association = self.class.reflect_on_association(self.class.roster_settings[side])
        before = attribute_before(association.foreign_key) if association&.belongs_to? && !association.polymorphic?
        next public_send(self.class.roster_settings[side]) unless before

        changed = true
        association.klass.find_by(association.association_primary_key => before)
      end
      ends if changed
    end

    # The sender and the receiver.
    def roster_ends
      [self.class.roster_settings.sender, self.class.roster_settings.receiver].map { |name| public_send(name) }
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

    # A user's JID, by his slug or by his name as Emanagement.slug makes one.
    def roster_jid(user)
      "#{slug_of(user)}@#{self.class.roster_settings.domain}"
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

      left = !roster.refused? && roster.items.any? { |item| item[:jid] == b && item[:subscription] == "to" }
      reflect(settings, "addBuddyToRoster", userJid: a, buddyJid: b, buddyNick: roster_nick(contact),
                                            buddyGroup: settings.group, subscription_type: left ? "to" : "from")
    end
  end
end
