# frozen_string_literal: true

require "securerandom"
require_relative "errors"
require_relative "stream"

module Emanagement
  # A stream on which somebody is logged in. Many threads may ask at once; one
  # more has to run the session, for that hands them their answers.
  class Session
    # A server is taken for gone that has left a question without an answer for so
    # long, and was silent meanwhile.
    SILENCE = 10
    # How long the server may take to answer the end of the stream.
    FAREWELL = 2

    # A question that has no answer yet.
    Question = Struct.new(:answered, :answer, :sent, :asked)

    # jid is what stands as the sender; nil where the server puts it in.
    def initialize(stream, jid: nil)
      @stream = stream
      @from = jid && " from='#{XMLText.escape(jid)}'"
      @name = SecureRandom.hex(8)
      @count = 0
      @lock = Mutex.new # for what follows
      @questions = {} # by id
      @writing = false # is somebody?
      @turn = ConditionVariable.new # that it may have changed
      @silent_since = nil # when the first question was asked that nobody waits for any more, and after which nothing was heard
      @lost = nil # why
      @ended = ConditionVariable.new
    end

    # Is it of use still?
    def alive?
      @lost.nil?
    end

    # Sends a request with that content (XML) and waits for its answer, an
    # Element. It raises a TimeoutError or a DisconnectedError.
    def ask(to, content, deadline)
      id, question = enter
      write("<iq type='set' id='#{id}'#{@from} to='#{XMLText.escape(to)}'>#{content}</iq>", deadline)
      question.sent = true
      await(question, deadline)
    rescue Wire::Late
      timed_out(question, deadline)
    rescue Wire::Lost => e
      raise DisconnectedError.new(e.message, outcome_unknown: question&.sent)
    ensure
      @lock.synchronize { @questions.delete(id) }
    end

    # Reads until the stream is lost, and returns why. Whoever waits for an
    # answer is told. The block gets what is worth a line in a log.
    def run(&log)
      loop { handle(@stream.read, log) }
    rescue Wire::Lost => e
      lose(e)
      e.message
    ensure
      @stream.wire.close
    end

    # Ends the stream, and returns when the server has ended it too. To be run
    # by another thread than run.
    def close
      deadline = Deadline.new(FAREWELL)
      write("</stream:stream>", deadline)
      @lock.synchronize do
        @ended.wait(@lock, deadline.remaining) until @lost || deadline.passed?
      end
    rescue Wire::Lost, Wire::Late
      nil # then not in good order
    ensure
      @stream.wire.shutdown
    end

    # Lets go of a session that was inherited by a fork: it is the parent's.
    def abandon
      @stream.wire.close
    end

    private

    def enter
      @lock.synchronize do
        raise @lost if @lost

        id = "#{@name}-#{@count += 1}"
        [id, @questions[id] = Question.new(ConditionVariable.new, nil, nil, Deadline.now)]
      end
    end

    def await(question, deadline)
      @lock.synchronize do
        until question.answer
          raise @lost if @lost
          raise Wire::Late if deadline.passed?

          question.answered.wait(@lock, deadline.remaining)
        end
      end
      question.answer
    end

    def timed_out(question, deadline)
      # A question that is still waited for proves nothing: some verbs take minutes.
      silence = @lock.synchronize { Deadline.now - (@silent_since ||= question.asked) }
      lose(Wire::Lost.new("the server does not answer any more")) if silence >= SILENCE
      raise TimeoutError.new("no answer within #{deadline}", outcome_unknown: question.sent)
    end

    # Sends something whole. Who is cut short in the middle, by its deadline or
    # by an exception from another thread, has spoilt the stream.
    def write(xml, deadline)
      take_turn(deadline)
      begin
        @stream.write(xml, deadline)
        whole = true
      ensure
        lose(Wire::Lost.new("something could not be sent whole")) unless whole
        @lock.synchronize do
          @writing = false
          @turn.signal
        end
      end
    end

    def take_turn(deadline)
      @lock.synchronize do
        while @writing
          raise Wire::Late if deadline.passed?

          @turn.wait(@lock, deadline.remaining)
        end
        raise @lost if @lost

        @writing = true
      end
    end

    def handle(stanza, log)
      @lock.synchronize { @silent_since = nil }
      return unless stanza.name == "iq"
      return refuse(stanza) if %w[get set].include?(stanza["type"])

      question = @lock.synchronize { @questions[stanza["id"]] }
      return answer(question, stanza) if question
      return if stanza["id"].to_s.start_with?(@name) # nobody waits for it any more

      log.call("an answer for somebody else arrived here: is another process connected under the same name?")
    end

    def answer(question, stanza)
      @lock.synchronize do
        question.answer = stanza
        question.answered.signal
      end
    end

    # We are asked for nothing here, but have to say so (RFC 6120 §8.2.3).
    def refuse(request)
      to = request["from"] && " to='#{XMLText.escape(request['from'])}'"
      write("<iq type='error' id='#{XMLText.escape(request['id'].to_s)}'#{@from}#{to}><error type='cancel'>" \
            "<service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>", Deadline.new(FAREWELL))
    rescue Wire::Late => e
      raise Wire::Lost, e.message
    end

    def lose(why)
      @lock.synchronize do
        @lost ||= why
        @questions.each_value { |question| question.answered.signal }
        @turn.broadcast
        @ended.broadcast
      end
      @stream.wire.shutdown
    end
  end
end
