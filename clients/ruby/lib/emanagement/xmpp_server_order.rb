# frozen_string_literal: true

require "set"

module Emanagement
  # The orders that Social Stream gave its XMPP server, with their old names and
  # arguments. Each order uses Emanagement.client. An order that runs a verb returns the
  # text that the script of 2012 printed, such as "Done", and raises an Error if the verb
  # failed.
  class XmppServerOrder
    # The timeout of an order that removes much, in seconds.
    LONG = 3600

    class << self
      # Makes two users each other's contacts.
      def setRosterForBidirectionalTie(userAJid, userBJid, userANick, userBNick, groupForA, groupForB)
        order("setBidireccionalBuddys", userAJid: userAJid, userBJid: userBJid, userANick: userANick,
                                        userBNick: userBNick, groupForA: groupForA, groupForB: groupForB)
      end

      # Ends a pair: the old friend loses the user as a contact, and the user keeps the old
      # friend one-way.
      def unsetRosterForBidirectionalTie(userJid, oldfriendJid, oldfriendNick, oldfriendGroup)
        order("unsetBidireccionalBuddys", userJid: userJid, oldFriendJid: oldfriendJid,
                                          oldFriendNick: oldfriendNick, groupForOldFriend: oldfriendGroup)
      end

      # Adds a contact to a user's roster only.
      def addBuddyToRoster(userJid, buddyJid, buddyNick, buddyGroup, subscription_type)
        order("addBuddyToRoster", userJid: userJid, buddyJid: buddyJid, buddyNick: buddyNick,
                                  buddyGroup: buddyGroup, subscription_type: subscription_type)
      end

      # Removes a contact from a user's roster.
      def removeBuddyFromRoster(userJid, buddyJid)
        order("removeBuddyFromRoster", userJid: userJid, buddyJid: buddyJid)
      end

      def createPersistentRoom(roomName, domain)
        order("createPersistentRoom", roomName: roomName, domain: domain)
      end

      def destroyRoom(roomName, domain)
        order("destroyRoom", roomName: roomName, domain: domain)
      end

      # Removes every contact of every user of the domain; "all" means every domain.
      def removeAllRosters(webDomain)
        order("removeAllRostersByDomain", domain: webDomain, confirm: true, timeout: LONG)
      end

      # Destroys every room of the domain; "all" means every domain.
      def removeAllRooms(webDomain)
        order("destroyAllRoomsByDomain", domain: webDomain, confirm: true, timeout: LONG)
      end

      # Marks in the table of users which users are connected to a domain, or to any
      # domain ("all"). users is a class of ActiveRecord, or one with the same interface,
      # with the columns slug and connected. If the server is down, it marks no user as
      # connected, and returns a text that says so.
      def synchronizePresence(webDomain, users: ::User)
        verb, arguments = webDomain == "all" ? ["getConnectedJids", {}] : ["getConnectedJidsByDomain", { domain: webDomain }]
        connected = Emanagement.client.call(verb, **arguments)
        # With an incomplete list, connected users would be marked as absent.
        raise FailedError, "not the whole list: #{connected.outcome}" unless connected.shape == :table && connected.more_after.nil?

        synchronizePresenceForJids(connected.lines, users: users)
        "Done"
      rescue AwayError
        resetPresence(users: users)
        "Xmpp Server Down: Reset Connected Users"
      end

      # Marks exactly the users with these JIDs as connected.
      def synchronizePresenceForJids(user_jids, users: ::User)
        slugs = getDomainsFromJids(user_jids).flat_map { |domain| getSlugsFromJids(user_jids, domain) }.to_set
        mark(users.where(connected: true).reject { |user| slugs.include?(local_of(user)) }, false)
        # Most slugs equal the server's local part, and can be queried.
        found = slugs.each_slice(500).flat_map { |some| users.where(slug: some).to_a }
        rest = slugs - found.map { |user| local_of(user) }
        found += users.where(connected: [false, nil]).select { |user| rest.include?(local_of(user)) } if rest.any?
        mark(found.reject(&:connected), true)
      end

      # Marks no user as connected.
      def resetPresence(users: ::User)
        mark(users.where(connected: true), false)
      end

      # Whether the XMPP server runs and answers.
      def isEjabberdNodeUp
        Emanagement.client.call("isEjabberdNodeStarted").answer
      rescue AwayError
        false
      end

      # The local parts of the JIDs at that domain.
      def getSlugsFromJids(user_jids, domain)
        user_jids.map { |jid| jid.split("@", 2) }.select { |_, at| at == domain }.map(&:first)
      end

      # The domains of the JIDs, each once.
      def getDomainsFromJids(user_jids)
        user_jids.map { |jid| jid.split("@", 2).last }.uniq
      end

      private

      def local_of(user)
        Emanagement.local(user.slug.to_s.empty? ? Emanagement.slug(user.name) : user.slug)
      rescue UsageError
        nil
      end

      def order(verb, **arguments)
        Emanagement.client.call(verb, **arguments).to_s
      end

      # Saves without validation: a record that is invalid for another reason must not
      # prevent the marking of the others.
      def mark(users, connected)
        users.each do |user|
          user.connected = connected
          user.save!(validate: false)
        end
      end
    end
  end
end
