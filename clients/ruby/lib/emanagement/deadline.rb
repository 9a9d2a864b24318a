# frozen_string_literal: true

module Emanagement
  # The moment at which somebody stops waiting.
  class Deadline
    def initialize(seconds)
      @seconds = seconds
      @at = Deadline.now + seconds
    end

    # Seconds of a clock that nobody sets.
    def self.now
      Process.clock_gettime(Process::CLOCK_MONOTONIC)
    end

    # The seconds that are left, 0 at the least.
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
