# frozen_string_literal: true

require "erb"
require "json"
require_relative "address"
require_relative "errors"
require_relative "http_answer"
require_relative "result"

module Emanagement
  # Runs verbs by the component's control socket: HTTP/1.1 with JSON inside
  # (docs/control.md). Each call is a connection of its own: on one machine that
  # costs next to nothing, and threads and forks have nothing to share.
  class ControlSocket
    # Between one attempt to connect and the next.
    PAUSE = 0.1

    def initialize(path)
      @address = Address.new(path: path)
      @closed = false
    end

    # As AdHoc#run.
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

    # There is nothing that is open; nothing will be opened any more.
    def close
      @closed = true
    end

    private

    # Waits for a component that does not run.
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

    # The last line is what the verb came to; those before it tell of progress.
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
