# frozen_string_literal: true

require_relative "ad_hoc"
require_relative "component_login"
require_relative "control_socket"
require_relative "user_login"

module Emanagement
  # Runs verbs. One client serves all threads of an application, and its forked
  # processes. It connects at the first call.
  class Client
    # The verbs that set a state, or only read. If their outcome is unknown, a second
    # request does no harm.
    REPEATABLE = %w[
      addBuddyToRoster removeBuddyFromRoster setBidireccionalBuddys unsetBidireccionalBuddys getRoster removeRoster
      checkUserJid checkBidirecctionalBuddys removeAllRostersByDomain removeAllRosters getAllUserJidsWithRosterByDomain
      printAllRostersByDomain printAllRosters printAllBidirecctionalBuddysByDomain setPresence unsetPresence sendPresence
      getUserResource getConnectedJids getConnectedJidsByDomain isEjabberdNodeStarted getAllJidsOfRoom
      getAffiliationsOfRoom setJidAffiliationOfRoom printAllRoomsByDomain printAllRooms listJobs stopJob
    ].freeze

    class << self
      # A client that is a component of the XMPP server itself. jid is a JID such as
      # rails.example.org/web1, server a text that Address reads, and to the JID of the
      # component emanagement. timeout is in seconds. The client is for one process
      # only: if two processes use one domain, each gets answers to the other's
      # requests. Raises an ArgumentError.
      def component(jid:, secret:, server:, to:, ca_file: nil, timeout: 10, logger: nil)
        raise ArgumentError, "secret: missing" if secret.to_s.empty?

        ad_hoc(ComponentLogin.new(jid: jid, secret: secret, server: server, ca_file: ca_file), to, timeout, logger)
      end

      # A client that logs in with an account. jid is the account's bare JID. Without
      # server it connects to port 5222 of the JID's domain. ca_file names a file with
      # the certificate authorities to trust; without it, the machine's are trusted. to
      # and timeout are as for component. Raises an ArgumentError.
      def user(jid:, password:, to:, server: nil, ca_file: nil, timeout: 10, logger: nil)
        raise ArgumentError, "password: missing" if password.to_s.empty?

        ad_hoc(UserLogin.new(jid: jid, password: password, server: server, ca_file: ca_file), to, timeout, logger)
      end

      # A client on the component's machine, by the component's control socket. timeout
      # is in seconds. Raises an ArgumentError.
      def control(path = "/run/emanagement/control.sock", timeout: 10)
        raise ArgumentError, "path: longer than the 107 bytes of a socket's path" if path.to_s.bytesize > 107

        new(ControlSocket.new(path), timeout: timeout)
      end

      private

      def ad_hoc(login, to, timeout, logger)
        raise ArgumentError, "to: a character that cannot be sent" unless XMLText.clean(to)

        log = ->(line) { logger&.info("emanagement: #{line}") }
        new(AdHoc.new(Connection.new(login, log), to: to), timeout: timeout)
      end
    end

    # timeout is the longest time that a call may take, in seconds.
    def initialize(transport, timeout: 10)
      @transport = transport
      @timeout = timeout
    end

    # Runs a verb (docs/verbs.md) with its arguments by name. An argument is a string,
    # a symbol or a number, or an array of these if the verb takes several values; nil
    # means no argument. confirm: true confirms a verb that destroys much. Waits for the
    # answer, for timeout seconds at most. Returns a Result, or raises an Error.
    #
    # If the connection is lost before the request was sent, the request is sent again.
    # If it is lost after that, the outcome is unknown: the request is sent again once,
    # and only for a verb of REPEATABLE. Other verbs are never sent twice.
    def call(verb, timeout: @timeout, confirm: false, **arguments)
      verb = XMLText.clean(verb.to_s) or raise UnknownVerbError, "a verb with a character that cannot be sent"
      deadline = Deadline.new(timeout || @timeout)
      repeatable = REPEATABLE.include?(verb)
      repeated = false
      arguments = texts(arguments)
      # A web form delivers texts, and the text "false" must not confirm.
      raise UsageError.new("confirm: must be true or false", field: "confirm") unless [true, false, nil].include?(confirm)

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

    # Ends the connection. Later calls raise an AwayError.
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
