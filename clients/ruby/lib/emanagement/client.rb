# frozen_string_literal: true

require_relative "ad_hoc"
require_relative "component_login"
require_relative "control_socket"
require_relative "user_login"

module Emanagement
  # Runs verbs. One client serves all threads of an application, and goes on to
  # do so in its forks. It connects at the first call.
  class Client
    # The verbs that set a state or only look: where their outcome is unknown,
    # asking again does no harm.
    REPEATABLE = %w[
      addBuddyToRoster removeBuddyFromRoster setBidireccionalBuddys unsetBidireccionalBuddys getRoster removeRoster
      checkUserJid checkBidirecctionalBuddys removeAllRostersByDomain removeAllRosters getAllUserJidsWithRosterByDomain
      printAllRostersByDomain printAllRosters printAllBidirecctionalBuddysByDomain setPresence unsetPresence sendPresence
      getUserResource getConnectedJids getConnectedJidsByDomain isEjabberdNodeStarted getAllJidsOfRoom
      getAffiliationsOfRoom setJidAffiliationOfRoom printAllRoomsByDomain printAllRooms listJobs stopJob
    ].freeze

    class << self
      # A client that is a component of the XMPP server itself: jid as
      # rails.example.org/web1, server as Address reads it, to the JID of the
      # component emanagement. For one process only: of two with the same domain
      # each gets answers of the other's.
      def component(jid:, secret:, server:, to:, ca_file: nil, timeout: 10, logger: nil)
        raise ArgumentError, "secret: there is none" if secret.to_s.empty?

        ad_hoc(ComponentLogin.new(jid: jid, secret: secret, server: server, ca_file: ca_file), to, timeout, logger)
      end

      # A client that logs in with an account, by default at port 5222 of the
      # account's domain.
      def user(jid:, password:, to:, server: nil, ca_file: nil, timeout: 10, logger: nil)
        raise ArgumentError, "password: there is none" if password.to_s.empty?

        ad_hoc(UserLogin.new(jid: jid, password: password, server: server, ca_file: ca_file), to, timeout, logger)
      end

      # A client on the machine where the component runs, by its control socket.
      def control(path = "/run/emanagement/control.sock", timeout: 10)
        raise ArgumentError, "path: it is longer than a socket's can be" if path.to_s.bytesize > 107

        new(ControlSocket.new(path), timeout: timeout)
      end

      private

      def ad_hoc(login, to, timeout, logger)
        raise ArgumentError, "to: a character that cannot be sent" unless XMLText.clean(to)

        log = ->(line) { logger&.info("emanagement: #{line}") }
        new(AdHoc.new(Connection.new(login, log), to: to), timeout: timeout)
      end
    end

    # timeout is how many seconds a call may take.
    def initialize(transport, timeout: 10)
      @transport = transport
      @timeout = timeout
    end

    # Runs a verb (docs/verbs.md) with its arguments by name: strings, symbols,
    # numbers, or arrays of these where several values are taken; nil for none.
    # confirm: true confirms a verb that destroys much. Waits for the answer,
    # timeout seconds at the most, and returns a Result or raises an Error.
    #
    # What certainly was not done because the connection was lost is asked
    # again, and once where it is not certain and the verb is one of
    # REPEATABLE. Other verbs are never sent twice.
    def call(verb, timeout: @timeout, confirm: false, **arguments)
      verb = XMLText.clean(verb.to_s) or raise UnknownVerbError, "a verb with a character that cannot be sent"
      deadline = Deadline.new(timeout || @timeout)
      repeatable = REPEATABLE.include?(verb)
      repeated = false
      arguments = texts(arguments)
      # What comes out of a web form is text, and "false" is no yes.
      raise UsageError.new("confirm: it is true or false", field: "confirm") unless [true, false, nil].include?(confirm)

      begin
        @transport.run(verb, arguments, confirm ? true : false, deadline)
      rescue DisconnectedError => e
        raise if deadline.passed? || (e.outcome_unknown? && (repeated || !repeatable))

        repeated = e.outcome_unknown?
        retry
      end
    rescue Error => e
      e.verb = verb
      e.repeatable = repeatable if e.is_a?(AwayError)
      raise e
    end

    # Ends the connection. Nothing can be called any more.
    def close
      @transport.close
    end

    private

    def texts(arguments)
      arguments.compact.to_h do |name, value|
        raise UsageError, "an argument whose name has a character that cannot be sent" unless XMLText.clean(name.to_s)

        [name, value.is_a?(Array) ? value.compact.map { |v| text(name, v) } : text(name, value)]
      end
    end

    def text(name, value)
      XMLText.clean(value.to_s) or
        raise UsageError.new("#{name}: a character that cannot be sent", field: name.to_s)
    end
  end
end
