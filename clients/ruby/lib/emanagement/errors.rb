# frozen_string_literal: true

module Emanagement
  # The only errors that Client#call raises.
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

    # Whether the verb, or a part of it, may have been carried out in spite of the error.
    def outcome_unknown?
      @outcome_unknown ? true : false
    end

    def to_s
      [verb, text].compact.join(": ")
    end
  end

  # The arguments are not what the verb takes. Nothing was done.
  class UsageError < Error
    # The name of the wrong argument; nil if the error is not about one.
    attr_reader :field

    def initialize(text, field: nil)
      @field = field
      super(text)
    end
  end

  # There is no such verb. Nothing was done.
  class UnknownVerbError < UsageError; end

  # The verb destroys much, and needs confirm: true. The text says what it would destroy.
  # Nothing was done.
  class ConfirmationError < UsageError; end

  # The requester may not run this verb. Nothing was done.
  class ForbiddenError < Error; end

  # The component could not carry out the verb, or only a part of it. The text says what
  # is known.
  class FailedError < Error
    def initialize(text)
      super(text, outcome_unknown: true)
    end
  end

  # The login failed: a name, a secret, a password or a certificate is wrong. Another
  # attempt fails, too, until that is corrected. Nothing was done.
  class LoginError < Error; end

  # The server or the component is away at the moment, or does not answer.
  class AwayError < Error
    # Whether a second request does no harm.
    attr_accessor :repeatable
  end

  # No answer has arrived. The message says whether a second request does harm. For an
  # answer that reports the server as away, the answer's own text says that.
  class UnansweredError < AwayError
    def to_s
      return super unless outcome_unknown?

      "#{super}; whether it was done is unknown, " +
        (repeatable ? "and asking again does no harm" : "and it must not simply be repeated")
    end
  end

  # No answer has arrived before the call's timeout.
  class TimeoutError < UnansweredError; end

  # The connection was lost before the answer came.
  class DisconnectedError < UnansweredError; end
end
