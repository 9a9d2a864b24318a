# frozen_string_literal: true

require "erb"
require "json"
require_relative "address"
require_relative "errors"
require_relative "http_answer"
require_relative "result"

module Emanagement
  # Runs verbs by the component's control socket: JSON over HTTP/1.1
  # (docs/control.md). Each call makes a connection of its own. On one machine that costs
  # next to nothing, and threads and forked processes need not share a connection.
  class ControlSocket
    # The pause between two attempts to connect, in seconds.
    PAUSE = 0.1

    def initialize(path)
      @address = Address.new(path: path)
      @closed = false
    end

    # Runs a verb as AdHoc#run does.
    def run(verb, arguments, confirm, deadline)
      wire = connect(deadline)
      wire.write(request(verb, { arguments: arguments, confirm: confirm }), deadline)
      sent = true
      outcome(HTTPAnswer.new(wire, deadline).body)
    rescue Wire::Late
      raise TimeoutError.new("no answer within #{deadline}", outcome_unknown: sent)
    rescue Wire::Lost => e
      raise DisconnectedError.new(e.message, outcome_unknown: sent)
    ensure
      wire&.close
    end

    # Later calls raise an AwayError. There is no open connection to end.
    def close
      @closed = true
    end

    private

    # Connects. Waits for a component that does not run, until the deadline.
    def connect(deadline)
      raise AwayError, "the client is closed" if @closed

      Wire.open(@address, deadline)
    rescue Wire::Lost => e
      raise LoginError, e.message if e.cause.is_a?(Errno::EACCES)
      raise AwayError, "the component does not run: #{e.message}" if deadline.remaining < PAUSE

      sleep PAUSE
      retry
    end

    def request(verb, content)
      json = JSON.generate(content)
      "POST /verbs/#{ERB::Util.url_encode(verb)} HTTP/1.1\r\nHost: emanagement\r\nConnection: close\r\n" \
        "Content-Type: application/json\r\nContent-Length: #{json.bytesize}\r\n\r\n#{json}"
    end

    # Returns the Result in the last line, or raises its error. The lines before it
    # report progress.
    def outcome(body)
      case JSON.parse(body.lines.last.to_s, symbolize_names: true)
      in { result: Hash => result } then Result.from_json(result)
      in { error: { kind: String => kind, text: String => text, **more } } then raise failure(kind, text, **more)
      end
    rescue JSON::ParserError, NoMatchingPatternError
      raise FailedError, "the component's answer cannot be read: #{body[0, 200]}"
    end

    def failure(kind, text, param: nil, nothing_done: false, **)
      case kind
      when "usage", "argument" then UsageError.new(text, field: param)
      when "unknown" then UnknownVerbError.new(text)
      when "confirm" then ConfirmationError.new(text)
      when "forbidden" then ForbiddenError.new(text)
      when "away" then AwayError.new(text, outcome_unknown: !nothing_done)
      else FailedError.new(text)
      end
    end
  end
end
