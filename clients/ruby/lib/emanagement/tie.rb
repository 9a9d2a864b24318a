# frozen_string_literal: true

require_relative "reflection"

module Emanagement
  # For a model whose records are ties from one user to another. The rosters of both
  # users follow the ties between them. Include this module, and call
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

    # The class methods of the model.
    module ClassMethods
      attr_reader :roster_settings

      # Updates the rosters after each commit that creates, changes or destroys a tie.
      # domain is the domain of the users' JIDs, and group the roster group of the
      # contacts. sender and receiver name the model's associations. raises: true raises
      # errors to the caller that saves the tie; the tie is saved all the same.
      # async: true updates the rosters in a job of Active Job, in the given queue. The
      # job is repeated while the server is away.
      def reflects_on_rosters(domain:, group:, sender: :sender, receiver: :receiver, client: nil, raises: false, async: false, queue: nil)
        @roster_settings = Reflection::Settings.new(domain: domain, group: group, sender: sender, receiver: receiver,
                                                    client: client, raises: raises, async: async, queue: queue)
        before_update { @roster_keys_were ||= roster_keys_in_database }
        after_rollback { @roster_keys_were = nil }
        before_destroy :roster_ends # loads the users: their records may be gone after the commit
        after_commit :reflect_on_rosters
      end

      def inherited(subclass)
        super
        subclass.instance_variable_set(:@roster_settings, roster_settings)
      end
    end

    # How often reflect_between writes at most, if the ties change meanwhile.
    ATTEMPTS = 3

    # Updates the rosters of the tie's users, and of its former users if one was replaced.
    # Runs after every commit, and may be called at any time, any number of times.
    def reflect_on_rosters
      ends = [former_roster_ends, roster_ends].compact
      @roster_keys_were = nil
      reflecting(self.class.roster_settings) { ends.each { |sender, receiver| reflect_between_soon(sender, receiver) } }
    end

    # Removes two JIDs from each other's rosters.
    def forget_between(one, other)
      settings = self.class.roster_settings
      [[one, other], [other, one]].each { |user, contact| reflect(settings, "removeBuddyFromRoster", userJid: user, buddyJid: contact) }
    end

    # Updates the rosters of two users to the ties that the database has now.
    def reflect_between(sender, receiver)
      return unless roster_users?(sender, receiver) && !Emanagement.same_jid?(roster_jid(sender), roster_jid(receiver))

      # Another process may commit a tie between the same users meanwhile. It may have
      # read the ties before this one's commit, and then writes an older state.
      ATTEMPTS.times do
        before = roster_directions(sender, receiver)
        write_rosters(sender, receiver, *before)
        break if roster_directions(sender, receiver) == before
      end
    end

    # A user's JID, made from the slug, or without one from the name (Emanagement.slug).
    def roster_jid(user)
      "#{local_of(user)}@#{self.class.roster_settings.domain}"
    end

    # The sender and the receiver.
    def roster_ends
      [self.class.roster_settings.sender, self.class.roster_settings.receiver].map { |name| public_send(name) }
    end

    private

    # Updates the rosters now, or in a job.
    def reflect_between_soon(sender, receiver)
      settings = self.class.roster_settings
      return reflect_between(sender, receiver) unless settings.async && roster_users?(sender, receiver)

      ends = [sender, receiver].map { |user| [user.class.name, user.id, roster_jid(user)] }
      RosterJob.set(**{ queue: settings.queue }.compact).perform_later(self.class.name, *ends)
    end

    # The foreign keys of both sides in the database, as far as they are columns of this
    # table.
    def roster_keys_in_database
      roster_associations.transform_values { |association| attribute_in_database(association.foreign_key) }
    end

    def roster_associations
      %i[sender receiver].to_h { |side| [side, self.class.reflect_on_association(self.class.roster_settings[side])] }
                         .select { |_, association| association&.belongs_to? && !association.polymorphic? }
    end

    # The sender and the receiver before one of them was replaced; nil if none was.
    def former_roster_ends
      return if @roster_keys_were.nil? || @roster_keys_were == roster_associations.transform_values { |a| self[a.foreign_key] }

      %i[sender receiver].map do |side|
        association = roster_associations[side] or next public_send(self.class.roster_settings[side])
        association.klass.find_by(association.association_primary_key => @roster_keys_were[side])
      end
    end

    # Whether this is a tie between two users. Override it if other records have ties,
    # too.
    def roster_users?(sender, receiver)
      sender && receiver && sender != receiver
    end

    # Whether there is a tie from one user to the other. Override it if a tie can be
    # negative.
    def roster_tie?(from, to)
      settings = self.class.roster_settings
      self.class.where(settings.sender => from, settings.receiver => to).exists?
    end

    # The name of a user in rosters.
    def roster_nick(user)
      user.name
    end

    # Whether there is a tie from sender to receiver, and whether there is one back.
    def roster_directions(sender, receiver)
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

        # The two were no pair on the server, perhaps because it was away.
        reflect(settings, "removeBuddyFromRoster", userJid: a, buddyJid: b)
        write_one_way(settings, receiver, sender)
      else
        reflect(settings, "removeBuddyFromRoster", userJid: a, buddyJid: b)
      end
    end

    # Writes the contact into the owner's roster only. A contact that is left of a pair
    # has the subscription to, and keeps it.
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
