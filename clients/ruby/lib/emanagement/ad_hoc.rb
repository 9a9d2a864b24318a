# frozen_string_literal: true

require "json"
require_relative "connection"
require_relative "result"

module Emanagement
  # Runs verbs as ad-hoc commands (XEP-0050) on the component's JID. The first
  # request already submits the form.
  class AdHoc
    COMMANDS = "http://jabber.org/protocol/commands"
    FORM = "jabber:x:data"

    # A call with this many seconds left asks the component to wait for the end of a
    # long verb. The component then answers early, and goes on with a job, after four
    # and a half minutes; otherwise after 8 s.
    LONG_WAIT = 300

    def initialize(connection, to:)
      @connection = connection
      # Between two components, ejabberd drops stanzas to a bare JID.
      @to = to.include?("/") ? to : "#{to}/ruby"
    end

    # Runs a verb. arguments has texts, or arrays of texts, by name. Waits for the
    # answer until the deadline. Returns a Result, or raises an Error.
    def run(verb, arguments, confirm, deadline)
      values = { **arguments, format: "json", strict: "true" }
      values[:wait] = "true" if deadline.remaining > LONG_WAIT - 1 # a moment has passed since the call
      values[:confirm] = arguments.fetch(:domain, "all") if confirm
      iq = @connection.ask(@to, command(verb, values), deadline)
      raise stanza_error(iq) if iq["type"] == "error"

      command = iq.first("command") or raise FailedError, "the component's answer cannot be read"
      answer(verb, command)
    end

    def close
      @connection.close
    end

    private

    def command(verb, values)
      fields = values.map do |name, value|
        inside = Array(value).map { |v| "<value>#{XMLText.escape(v)}</value>" }.join
        "<field var='#{XMLText.escape(name.to_s)}'>#{inside}</field>"
      end
      "<command xmlns='#{COMMANDS}' node='#{XMLText.escape(verb)}'>" \
        "<x xmlns='#{FORM}' type='submit'>#{fields.join}</x></command>"
    end

    def answer(verb, command)
      note = command.first("note")
      outcome = note&.text.to_s
      raise form_error(note, outcome) unless command["status"] == "completed"

      json = values(command, "json").first
      return Result.from_json(JSON.parse(json, symbolize_names: true)) if json

      Result.from_lines(verb, outcome, values(command, "result"), refused: note && note["type"] == "error")
    rescue JSON::ParserError, NoMatchingPatternError
      raise FailedError, "the component's answer cannot be read: #{json[0, 200]}"
    end

    def values(command, name)
      fields = command.first("x")&.all("field").to_a
      fields.select { |f| f["var"] == name }.flat_map { |f| f.all("value").map(&:text) }
    end

    # The error for a form that came back. Its note says what is wrong, and names the
    # field in brackets, or without them if the verb has no such field. The advice on
    # confirming in a form is removed: here, confirm: true does that.
    def form_error(note, text)
      return ConfirmationError.new(text.sub(/; to do it, .*/m, "")) if note && note["type"] == "warn"

      UsageError.new(text, field: text[/\A[^:(]*.*?\((\w+)\): /m, 1] || text[/\A(\w+): /, 1])
    end

    # The Error for a stanza error, by its condition (RFC 6120 §8.3.3).
    def stanza_error(iq)
      error = iq.first("error")
      condition = error&.children&.map(&:name)&.find { |name| name != "text" }
      text = error&.first("text")&.text || condition.to_s
      case condition
      when "forbidden" then ForbiddenError.new(text)
      when "item-not-found" then UnknownVerbError.new(text)
      when "bad-request" then UsageError.new(text)
      when "remote-server-timeout" then AwayError.new(text, outcome_unknown: true)
      when "service-unavailable", "remote-server-not-found", "resource-constraint"
        AwayError.new("the component is away: #{text}")
      else FailedError.new(text)
      end
    end
  end
end
