# frozen_string_literal: true

require "set"

module Emanagement
  # The orders that Social Stream gave its XMPP server, by their old names and
  # with their old arguments. Each goes to Emanagement.client. Those that run a
  # verb return what the script emanagement printed, such as "Done", and raise
  # an Error where it could not be done.
  class XmppServerOrder
    # Removing much takes as long as it takes.
    LONG = 3600

    class << self
      # Two users get each other as contacts.
      def setRosterForBidirectionalTie(userAJid, userBJid, userANick, userBNick, groupForA, groupForB)
        order("setBidireccionalBuddys", userAJid: userAJid, userBJid: userBJid, userANick: userANick,
                                        userBNick: userBNick, groupForA: groupForA, groupForB: groupForB)
      end

      # Of two who had each other, the old friend loses the user; the user keeps
      # the old friend one-way.
      def unsetRosterForBidirectionalTie(userJid, oldfriendJid, oldfriendNick, oldfriendGroup)
        order("unsetBidireccionalBuddys", userJid: userJid, oldFriendJid: oldfriendJid,
                                          oldFriendNick: oldfriendNick, groupForOldFriend: oldfriendGroup)
      end

      # A user gets a contact, who does not get the user.
      def addBuddyToRoster(userJid, buddyJid, buddyNick, buddyGroup, subscription_type)
        order("addBuddyToRoster", userJid: userJid, buddyJid: buddyJid, buddyNick: buddyNick,
                                  buddyGroup: buddyGroup, subscription_type: subscription_type)
      end

      # A user loses a contact.
      def removeBuddyFromRoster(userJid, buddyJid)
        order("removeBuddyFromRoster", userJid: userJid, buddyJid: buddyJid)
      end

      def createPersistentRoom(roomName, domain)
        order("createPersistentRoom", roomName: roomName, domain: domain)
      end

      def destroyRoom(roomName, domain)
        order("destroyRoom", roomName: roomName, domain: domain)
      end

      # Every user of the domain loses every contact; "all" is every domain.
      def removeAllRosters(webDomain)
        order("removeAllRostersByDomain", domain: webDomain, confirm: true, timeout: LONG)
      end

      # Every room of the domain is destroyed; "all" is every domain.
      def removeAllRooms(webDomain)
        order("destroyAllRoomsByDomain", domain: webDomain, confirm: true, timeout: LONG)
      end

      # Marks in the table of users who is connected to a domain, or to any
      # ("all"). users is a class of ActiveRecord's, or like one, with the
      # columns slug and connected. Where the server is down nobody is, and the
      # answer says so.
      def synchronizePresence(webDomain, users: ::User)
        verb, arguments = webDomain == "all" ? ["getConnectedJids", {}] : ["getConnectedJidsByDomain", { domain: webDomain }]
        connected = Emanagement.client.call(verb, **arguments)
        # A part of the list would mark the others as absent.
        raise FailedError, "not the whole list: #{connected.outcome}" unless connected.shape == :table && connected.more_after.nil?

        synchronizePresenceForJids(connected.lines, users: users)
        "Done"
      rescue AwayError
        resetPresence(users: users)
        "Xmpp Server Down: Reset Connected Users"
      end

      # The same, where it is known who is connected: these and nobody else.
      def synchronizePresenceForJids(user_jids, users: ::User)
        slugs = getDomainsFromJids(user_jids).flat_map { |domain| getSlugsFromJids(user_jids, domain) }.to_set
        mark(users.where(connected: true).reject { |user| slugs.include?(local_of(user)) }, false)
        # Most slugs are what the server makes of them, and can be looked for.
        found = slugs.each_slice(500).flat_map { |some| users.where(slug: some).to_a }
        rest = slugs - found.map { |user| local_of(user) }
        found += users.where(connected: [false, nil]).select { |user| rest.include?(local_of(user)) } if rest.any?
        mark(found.reject(&:connected), true)
      end

      # Marks nobody as connected.
      def resetPresence(users: ::User)
        mark(users.where(connected: true), false)
      end

      # Does the XMPP server run, and can it be asked?
      def isEjabberdNodeUp
        Emanagement.client.call("isEjabberdNodeStarted").answer
      rescue AwayError
        false
      end

      # What stands before the @, of the JIDs at that domain.
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

      # A user who is invalid for another reason must not keep the others from
      # being marked.
      def mark(users, connected)
        users.each do |user|
          user.connected = connected
          user.save!(validate: false)
        end
      end
    end
  end
end
