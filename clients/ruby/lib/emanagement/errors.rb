# frozen_string_literal: true

module Emanagement
  # What Client#call raises, and nothing else.
  class Error < StandardError
    # What is wrong, without the verb's name.
    attr_reader :text
    # The verb that was called.
    attr_accessor :verb

    def initialize(text, outcome_unknown: false)
      @text = text
      @outcome_unknown = outcome_unknown
      super(text)
    end

    # May the verb have been carried out all the same, or a part of it?
    def outcome_unknown?
      @outcome_unknown ? true : false
    end

    def to_s
      [verb, text].compact.join(": ")
    end
  end

  # The arguments are not what the verb takes. Nothing was done.
  class UsageError < Error
    # The name of the argument, where one is to blame.
    attr_reader :field

    def initialize(text, field: nil)
      @field = field
      super(text)
    end
  end

  # There is no such verb. Nothing was done.
  class UnknownVerbError < UsageError; end

  # The verb destroys much: the text says what. It takes confirm: true. Nothing
  # was done.
  class ConfirmationError < UsageError; end

  # Who asks may not do this. Nothing was done.
  class ForbiddenError < Error; end

  # The component could not do it, or not to its end: the text says what it
  # knows.
  class FailedError < Error
    def initialize(text)
      super(text, outcome_unknown: true)
    end
  end

  # The server does not let us in: a name, secret, password or certificate is
  # wrong. It will not get better by itself. Nothing was done.
  class LoginError < Error; end

  # The server or the component is away at the moment, or does not answer.
  class AwayError < Error
    # Whether asking again does no harm.
    attr_accessor :repeatable
  end

  # The answer did not come. Where it came and says that the server is away, it
  # says the rest too.
  class UnansweredError < AwayError
    def to_s
      return super unless outcome_unknown?

      "#{super}; whether it was done is unknown, " +
        (repeatable ? "and asking again does no harm" : "and it must not simply be repeated")
    end
  end

  # There was no answer in the time that the call was given.
  class TimeoutError < UnansweredError; end

  # The connection was lost before the answer came.
  class DisconnectedError < UnansweredError; end
end
