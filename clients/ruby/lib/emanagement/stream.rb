# frozen_string_literal: true

require_relative "parser"
require_relative "wire"

module Emanagement
  # An XML stream to a server (RFC 6120 §4), over a Wire.
  class Stream
    # The server has ended the stream, and says why.
    class Refused < Wire::Lost
      # As RFC 6120 §4.9.3 calls it.
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

    # Opens a stream, or a new one on the same connection, and returns the
    # attributes of the server's header.
    def open(namespace, to, deadline)
      @parser = Parser.new
      @arrived = []
      write("<?xml version='1.0'?><stream:stream xmlns='#{namespace}' xmlns:stream='http://etherx.jabber.org/streams'" \
            " to='#{XMLText.escape(to)}'#{" version='1.0'" if namespace == 'jabber:client'}>", deadline)
      take(deadline) until @parser.header
      @parser.header
    end

    # The next element. Without a deadline it waits for ever.
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
      raise Wire::Lost, "the server has sent what is not XML: #{@malformed}" if @malformed

      @arrived.concat(@parser.feed(@wire.read(deadline)))
    rescue Parser::Malformed => e
      # What was complete before that has arrived all the same.
      @arrived.concat(@parser.complete)
      @malformed = e.message
    end
  end
end
