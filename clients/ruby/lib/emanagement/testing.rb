# frozen_string_literal: true

require "emanagement"

module Emanagement
  # For an application's tests: a client that calls nobody, and says what it was
  # asked to do.
  #
  #   require "emanagement/testing"
  #   Emanagement.client = Emanagement::TestClient.new
  #   Tie.create!(sender: ana, receiver: ben)
  #   assert_equal ["addBuddyToRoster"], Emanagement.client.calls.map(&:verb)
  class TestClient < Client
    # One call: the verb, its arguments by name, and whether it was confirmed.
    Call = Struct.new(:verb, :arguments, :confirm)

    # What takes the place of a connection.
    class Transport
      attr_reader :calls, :answers

      def initialize
        @calls = []
        @answers = {}
      end

      def run(verb, arguments, confirm, _deadline)
        @calls << Call.new(verb, arguments, confirm)
        answer = @answers.fetch(verb) { @answers[:any] }
        answer = answer.call(arguments) if answer.respond_to?(:call)
        raise answer if answer.is_a?(Exception)

        answer || Result.new(shape: :done, outcome: "Done", lines: ["Done"])
      end

      def close; end
    end

    def initialize(**options)
      @fake = Transport.new
      super(@fake, **options)
    end

    # What was called, in that order. Arguments are checked as a real client does.
    def calls
      @fake.calls
    end

    # Forgets what was called.
    def clear
      calls.clear
    end

    # Has a verb, or every other one, answer with a Result, or raise an Error, or
    # whatever the block makes of its arguments. Without it, a verb is done.
    def answer(verb = :any, with = nil, &block)
      @fake.answers[verb] = block || with
    end
  end
end
