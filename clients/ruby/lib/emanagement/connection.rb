# frozen_string_literal: true

require_relative "session"

module Emanagement
  # A connection for all threads of a process. The first request makes it. After a
  # loss, the next request makes it again. A forked process has a connection of its own.
  class Connection
    # The longest time for a login, in seconds.
    LOGIN_TIMEOUT = 10
    # The first and the longest pause between two attempts to connect, in seconds.
    BACKOFF = (0.1..2.0)

    # login.call takes a Deadline, logs in, and returns a Session. log.call takes a line
    # of text.
    def initialize(login, log)
      @login = login
      @log = log
      @lock = Mutex.new # guards the fields that follow
      @closed = false
      reset
    end

    # Sends a request as Session#ask does. Without a session it waits for one, and may
    # then raise an AwayError or a LoginError, too.
    def ask(to, content, deadline)
      session(deadline).ask(to, content, deadline)
    end

    # Ends the connection for good.
    def close
      @lock.synchronize do
        reset if forked?
        @closed = true
        @changed.broadcast
      end
      @session&.close
      @runner&.join
    end

    private

    def forked?
      @pid != Process.pid
    end

    def reset
      @session&.abandon
      @pid = Process.pid
      @session = nil # not nil while logged in
      @runner = nil # the thread that logs in and runs the session
      @waiting = 0 # the number of threads that wait for a session
      @failure = nil # why there is no session, as text
      @refusal = nil # the text of a LoginError, until the next attempt
      @changed = ConditionVariable.new # signals a change of the fields above
    end

    def session(deadline)
      @lock.synchronize do
        reset if forked?
        @waiting += 1
        begin
          @runner ||= Thread.new { run }
          @changed.broadcast
          await_session(deadline)
        ensure
          @waiting -= 1
        end
      end
    end

    def await_session(deadline)
      until @session&.alive?
        raise AwayError, "the client is closed" if @closed
        raise LoginError, @refusal if @refusal
        raise AwayError, ["not connected within #{deadline}", @failure].compact.join("; ") if deadline.passed?

        @changed.wait(@lock, deadline.remaining)
      end
      @session
    end

    def run
      pause = BACKOFF.first
      while wait_until_wanted
        began = Deadline.now
        connect_and_run
        # The backoff starts again after a session that has lasted.
        pause = BACKOFF.first if Deadline.now - began > BACKOFF.last
        back_off(pause)
        pause = [pause * 2, BACKOFF.last].min
      end
    end

    # Waits until a thread wants a session. Returns false if the connection was closed.
    def wait_until_wanted
      @lock.synchronize do
        @refusal = nil
        @changed.wait(@lock) until @closed || @waiting.positive?
        !@closed
      end
    end

    def connect_and_run
      session = @login.call(Deadline.new(LOGIN_TIMEOUT))
      update { @session = session }
      return session.abandon if @closed

      @log.call("connected")
      reason = session.run(&@log)
      update { @session = nil }
      failed(reason) unless @closed
    rescue LoginError => e
      update { @refusal = e.text }
      failed(e.text)
    rescue Wire::Lost => e
      failed(e.message)
    rescue Wire::Late
      failed("the login took longer than #{LOGIN_TIMEOUT} s")
    rescue StandardError => e # a bug here must not end the thread: requests wait for it
      failed("#{e.class}: #{e.message}")
    end

    def failed(reason)
      update { @failure = reason }
      @log.call(reason)
    end

    def back_off(pause)
      deadline = Deadline.new(pause * rand(0.5..1.0))
      @lock.synchronize do
        @changed.wait(@lock, deadline.remaining) until @closed || deadline.passed?
      end
    end

    # Runs the block under the lock, and wakes the waiting threads.
    def update
      @lock.synchronize do
        yield
        @changed.broadcast
      end
    end
  end
end
