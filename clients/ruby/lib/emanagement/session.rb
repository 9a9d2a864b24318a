# frozen_string_literal: true

require "securerandom"
require_relative "errors"
require_relative "stream"

module Emanagement
  # A stream after the login. Many threads may call ask at once. One more thread must call
  # run, which reads the answers and passes them on.
  class Session
    # The connection is taken for lost if nothing has arrived for this many seconds since
    # a request that has timed out.
    SILENCE = 10
    # The longest wait for the server to end its stream, in seconds.
    CLOSE_TIMEOUT = 2

    # A request that awaits its answer. asked is the time of the request.
    Pending = Struct.new(:answered, :answer, :sent, :asked)

    # jid is the sender of the requests; nil if the server adds the sender.
    def initialize(stream, jid: nil)
      @stream = stream
      @from = jid && " from='#{XMLText.escape(jid)}'"
      @id_prefix = SecureRandom.hex(8)
      @count = 0
      @lock = Mutex.new # guards the fields that follow
      @pending = {} # by the id of the request
      @writing = false # true while a thread sends
      @write_ended = ConditionVariable.new # signals a change of @writing
      # The time of the oldest request that has timed out and after which nothing has
      # arrived; otherwise nil.
      @silent_since = nil
      @lost = nil # the Wire::Lost that has ended the session
      @ended = ConditionVariable.new # signals a change of @lost
    end

    # Whether the session can be used.
    def alive?
      @lost.nil?
    end

    # Sends a request with this content (XML), and waits for its answer until the
    # deadline. Returns the answer, an Element. Raises a TimeoutError or a
    # DisconnectedError.
    def ask(to, content, deadline)
      id, request = register
      write("<iq type='set' id='#{id}'#{@from} to='#{XMLText.escape(to)}'>#{content}</iq>", deadline)
      request.sent = true
      await(request, deadline)
    rescue Wire::Late
      timed_out(request, deadline)
    rescue Wire::Lost => e
      raise DisconnectedError.new(e.message, outcome_unknown: request&.sent)
    ensure
      @lock.synchronize { @pending.delete(id) }
    end

    # Reads until the stream is lost, and returns the reason. Then all pending requests
    # fail. The block receives lines for the log.
    def run(&log)
      loop { handle(@stream.read, log) }
    rescue Wire::Lost => e
      lose(e)
      e.message
    ensure
      @stream.wire.close
    end

    # Ends the stream, and waits until the server has ended it too, CLOSE_TIMEOUT seconds
    # at most. Call it from another thread than run.
    def close
      deadline = Deadline.new(CLOSE_TIMEOUT)
      write("</stream:stream>", deadline)
      @lock.synchronize do
        @ended.wait(@lock, deadline.remaining) until @lost || deadline.passed?
      end
    rescue Wire::Lost, Wire::Late
      nil # the connection ends without the end of the stream
    ensure
      @stream.wire.shutdown
    end

    # Closes a session that a forked process has inherited, without an effect on the
    # parent process.
    def abandon
      @stream.wire.close
    end

    private

    def register
      @lock.synchronize do
        raise @lost if @lost

        id = "#{@id_prefix}-#{@count += 1}"
        [id, @pending[id] = Pending.new(ConditionVariable.new, nil, nil, Deadline.now)]
      end
    end

    def await(request, deadline)
      @lock.synchronize do
        until request.answer
          raise @lost if @lost
          raise Wire::Late if deadline.passed?

          request.answered.wait(@lock, deadline.remaining)
        end
      end
      request.answer
    end

    def timed_out(request, deadline)
      # Requests that have not timed out do not count: some verbs take minutes.
      silence = @lock.synchronize { Deadline.now - (@silent_since ||= request.asked) }
      lose(Wire::Lost.new("the server does not answer any more")) if silence >= SILENCE
      raise TimeoutError.new("no answer within #{deadline}", outcome_unknown: request.sent)
    end

    # Sends a stanza completely. If the deadline or an exception from another thread
    # interrupts it, the stream is unusable and the session is lost.
    def write(xml, deadline)
      start_writing(deadline)
      begin
        @stream.write(xml, deadline)
        whole = true
      ensure
        lose(Wire::Lost.new("a stanza was sent only in part")) unless whole
        @lock.synchronize do
          @writing = false
          @write_ended.signal
        end
      end
    end

    def start_writing(deadline)
      @lock.synchronize do
        while @writing
          raise Wire::Late if deadline.passed?

          @write_ended.wait(@lock, deadline.remaining)
        end
        raise @lost if @lost

        @writing = true
      end
    end

    def handle(stanza, log)
      @lock.synchronize { @silent_since = nil }
      return unless stanza.name == "iq"
      return refuse(stanza) if %w[get set].include?(stanza["type"])

      request = @lock.synchronize { @pending[stanza["id"]] }
      return answer(request, stanza) if request
      return if stanza["id"].to_s.start_with?(@id_prefix) # the request has timed out

      log.call("received an answer to another process's request: is another process connected under the same name?")
    end

    def answer(request, stanza)
      @lock.synchronize do
        request.answer = stanza
        request.answered.signal
      end
    end

    # This client serves no requests, but must answer them (RFC 6120 §8.2.3).
    def refuse(request)
      to = request["from"] && " to='#{XMLText.escape(request['from'])}'"
      write("<iq type='error' id='#{XMLText.escape(request['id'].to_s)}'#{@from}#{to}><error type='cancel'>" \
            "<service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>", Deadline.new(CLOSE_TIMEOUT))
    rescue Wire::Late => e
      raise Wire::Lost, e.message
    end

    def lose(error)
      @lock.synchronize do
        @lost ||= error
        @pending.each_value { |request| request.answered.signal }
        @write_ended.broadcast
        @ended.broadcast
      end
      @stream.wire.shutdown
    end
  end
end
