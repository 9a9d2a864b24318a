# frozen_string_literal: true

require "nokogiri"
require_relative "element"

module Emanagement
  # Parses an XML stream (RFC 6120 §4) into elements, each as soon as its last byte has
  # arrived.
  class Parser < Nokogiri::XML::SAX::Document
    # The stream is not XML.
    class Malformed < StandardError; end

    # The attributes of the stream's header; nil until it has arrived.
    attr_reader :header

    def initialize
      super
      @push = Nokogiri::XML::SAX::PushParser.new(self)
      # Without HUGE, a long name or text, which any user may send, would end the stream.
      @push.options = Nokogiri::XML::ParseOptions::HUGE
      @open = [] # the elements whose end has not arrived yet
      @complete = []
      @ended = false
    end

    # Parses the bytes that have arrived. Returns the children of the stream that are
    # complete now. Raises Malformed.
    def feed(bytes)
      @push << bytes
      complete
    rescue Nokogiri::XML::SyntaxError => e
      raise Malformed, e.message
    end

    # Removes and returns the elements that are complete.
    def complete
      @complete.slice!(0..)
    end

    # Whether the end of the stream has arrived.
    def ended?
      @ended
    end

    def start_element_namespace(name, attributes = [], _prefix = nil, uri = nil, _declared = [])
      # libxml2 delivers an ampersand in an attribute as &#38;
      values = attributes.to_h { |a| [a.localname, a.value.gsub("&#38;", "&")] }
      return @header = values unless @header

      element = Element.new(name, uri, values, [], +"")
      @open.last&.children&.push(element)
      @open.push(element)
    end

    def end_element_namespace(_name, _prefix = nil, _uri = nil)
      return @ended = true if @open.empty?

      element = @open.pop
      @complete.push(element) if @open.empty?
    end

    def characters(text)
      @open.last&.text&.concat(text)
    end
    alias cdata_block characters
  end
end
