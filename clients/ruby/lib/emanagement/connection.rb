# frozen_string_literal: true

require_relative "session"

module Emanagement
  # A connection that is made when it is wanted and kept, for all threads of a
  # process. When it is lost it is made again as soon as it is wanted again. In a
  # forked process it is another one.
  class Connection
    # How long a login may take.
    LOGIN = 10
    # Between one attempt that failed and the next: the first and the longest
    # pause.
    PAUSES = (0.1..2.0)

    # login logs in: it takes a Deadline and returns a Session. log takes lines.
    def initialize(login, log)
      @login = login
      @log = log
      @lock = Mutex.new # for all that follows
      @closed = false
      start_afresh
    end

    # Asks as Session#ask does. Where nobody is logged in it waits for that; then
    # it may also raise an AwayError or a LoginError.
    def ask(to, content, deadline)
      session(deadline).ask(to, content, deadline)
    end

    # Ends the connection for good.
    def close
      @lock.synchronize do
        start_afresh if @pid != Process.pid
        @closed = true
        @changed.broadcast
      end
      @session&.close
      @runner&.join
    end

    private

    def start_afresh
      @session&.abandon
      @pid = Process.pid
      @session = nil # while somebody is logged in
      @runner = nil # the thread that logs in and runs the session
      @wanted = 0 # who waits for a session
      @why = nil # there is none
      @refusal = nil # a LoginError, until the next attempt
      @changed = ConditionVariable.new # any of these
    end

    def session(deadline)
      @lock.synchronize do
        start_afresh if @pid != Process.pid
        @wanted += 1
        begin
          @runner ||= Thread.new { run }
          @changed.broadcast
          await_session(deadline)
        ensure
          @wanted -= 1
        end
      end
    end

    def await_session(deadline)
      until @session&.alive?
        raise AwayError, "the client is closed" if @closed
        raise LoginError, @refusal if @refusal
        raise AwayError, ["not connected within #{deadline}", @why].compact.join("; ") if deadline.passed?

        @changed.wait(@lock, deadline.remaining)
      end
      @session
    end

    def run
      pause = PAUSES.first
      while wanted?
        began = Deadline.now
        connect_and_run
        # A session that lasted was a good one.
        pause = PAUSES.first if Deadline.now - began > PAUSES.last
        rest(pause)
        pause = [pause * 2, PAUSES.last].min
      end
    end

    # Waits until a session is wanted; false when none ever will be.
    def wanted?
      @lock.synchronize do
        @refusal = nil
        @changed.wait(@lock) until @closed || @wanted.positive?
        !@closed
      end
    end

    def connect_and_run
      session = @login.call(Deadline.new(LOGIN))
      tell { @session = session }
      return session.abandon if @closed

      @log.call("connected")
      why = session.run(&@log)
      tell { @session = nil }
      without(why) unless @closed
    rescue LoginError => e
      tell { @refusal = e.text }
      without(e.text)
    rescue Wire::Lost => e
      without(e.message)
    rescue Wire::Late
      without("the login took longer than #{LOGIN} s")
    rescue StandardError => e # a fault of ours must not leave anybody waiting
      without("#{e.class}: #{e.message}")
    end

    def without(why)
      tell { @why = why }
      @log.call(why)
    end

    def rest(pause)
      deadline = Deadline.new(pause * rand(0.5..1.0))
      @lock.synchronize do
        @changed.wait(@lock, deadline.remaining) until @closed || deadline.passed?
      end
    end

    def tell
      @lock.synchronize do
        yield
        @changed.broadcast
      end
    end
  end
end
