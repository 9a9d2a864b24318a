# frozen_string_literal: true

require_relative "wire"

module Emanagement
  # The answer of an HTTP server that closes the connection after it (RFC 9112).
  class HTTPAnswer
    attr_reader :body

    # Reads the whole answer from a Wire. Raises Wire::Late, or Wire::Lost if the answer
    # is incomplete.
    def initialize(wire, deadline)
      head, rest = read_all(wire, deadline).split("\r\n\r\n", 2)
      raise Wire::Lost, "the connection ended before the answer did" unless rest

      fields = head.lines.drop(1).to_h { |line| line.chomp.downcase.split(/:\s*/, 2) }
      @body = body_of(fields, rest).force_encoding(Encoding::UTF_8)
    end

    private

    def read_all(wire, deadline)
      all = +"".b
      loop { all << wire.read(deadline) }
    rescue Wire::Lost # the end of the connection; body_of checks that the answer is complete
      all
    end

    def body_of(fields, rest)
      return chunks(rest) if fields["transfer-encoding"] == "chunked"

      length = fields["content-length"].to_i
      raise Wire::Lost, "the connection ended before the answer did" if rest.bytesize < length

      rest.byteslice(0, length)
    end

    # RFC 9112 §7.1.
    def chunks(rest)
      body = +"".b
      loop do
        size, rest = rest.split("\r\n", 2)
        length = size.to_s[/\A\h+/]&.hex
        raise Wire::Lost, "the connection ended before the answer did" unless length && rest && rest.bytesize >= length
        return body if length.zero?

        body << rest.byteslice(0, length)
        rest = rest.byteslice(length + 2..).to_s
      end
    end
  end
end
