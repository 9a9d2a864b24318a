# frozen_string_literal: true

require_relative "parser"
require_relative "wire"

module Emanagement
  # An XML stream to a server (RFC 6120 §4), over a Wire.
  class Stream
    # The server has ended the stream with an error.
    class Refused < Wire::Lost
      # The error's condition (RFC 6120 §4.9.3).
      attr_reader :condition

      def initialize(error)
        @condition = error.children.first&.name
        text = error.first("text")&.text
        super(["the server has ended the stream: #{@condition}", text].compact.join(", "))
      end
    end

    attr_reader :wire

    def initialize(wire)
      @wire = wire
    end

    # Opens a stream, or a new stream on the same connection. Returns the attributes of
    # the server's header.
    def open(namespace, to, deadline)
      @parser = Parser.new
      @arrived = []
      write("<?xml version='1.0'?><stream:stream xmlns='#{namespace}' xmlns:stream='http://etherx.jabber.org/streams'" \
            " to='#{XMLText.escape(to)}'#{" version='1.0'" if namespace == 'jabber:client'}>", deadline)
      take(deadline) until @parser.header
      @parser.header
    end

    # Waits for the next element and returns it. Without a deadline, the wait has no limit.
    def read(deadline = nil)
      while @arrived.empty?
        raise Wire::Lost, "the server has ended the stream" if @parser.ended?

        take(deadline)
      end
      element = @arrived.shift
      raise Refused, element if element.name == "error" && element.namespace == "http://etherx.jabber.org/streams"

      element
    end

    def write(xml, deadline)
      @wire.write(xml, deadline)
    end

    private

    def take(deadline)
      raise Wire::Lost, "the server has sent something that is not XML: #{@malformed}" if @malformed

      @arrived.concat(@parser.feed(@wire.read(deadline)))
    rescue Parser::Malformed => e
      # The elements before the error are delivered.
      @arrived.concat(@parser.complete)
      @malformed = e.message
    end
  end
end
