# frozen_string_literal: true

module Emanagement
  # The moment at which a wait ends.
  class Deadline
    def initialize(seconds)
      @seconds = seconds
      @at = Deadline.now + seconds
    end

    # The time of the monotonic clock, in seconds: setting the system's clock does not
    # change it.
    def self.now
      Process.clock_gettime(Process::CLOCK_MONOTONIC)
    end

    # The seconds that are left; 0 after the deadline.
    def remaining
      [@at - Deadline.now, 0].max
    end

    def passed?
      remaining.zero?
    end

    def to_s
      format("%g s", @seconds)
    end
  end
end
