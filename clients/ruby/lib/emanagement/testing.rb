# frozen_string_literal: true

require "emanagement"

module Emanagement
  # A client for an application's tests. It makes no connection, and records its calls.
  #
  #   require "emanagement/testing"
  #   Emanagement.client = Emanagement::TestClient.new
  #   Tie.create!(sender: ana, receiver: ben)
  #   assert_equal ["addBuddyToRoster"], Emanagement.client.calls.map(&:verb)
  class TestClient < Client
    # One call: the verb, its arguments by name, and whether it was confirmed.
    Call = Struct.new(:verb, :arguments, :confirm)

    # Replaces the connection.
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

    # The calls so far, in order. The arguments are checked as by a real client.
    def calls
      @fake.calls
    end

    # Forgets the calls.
    def clear
      calls.clear
    end

    # Sets the answer to a verb, or with :any to every verb without an answer of its own:
    # a Result to return, an Error to raise, or a block that returns one of these for the
    # verb's arguments. Without an answer, a verb returns Done.
    def answer(verb = :any, with = nil, &block)
      @fake.answers[verb] = block || with
    end
  end
end
