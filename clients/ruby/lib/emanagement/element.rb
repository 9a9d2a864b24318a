# frozen_string_literal: true

module Emanagement
  # An XML element that has arrived. text is the text directly in it, without that of
  # its children.
  Element = Struct.new(:name, :namespace, :attributes, :children, :text) do
    # The value of an attribute, or nil.
    def [](attribute)
      attributes[attribute]
    end

    # The children with that name.
    def all(name)
      children.select { |child| child.name == name }
    end

    # The first child with that name, or nil.
    def first(name)
      children.find { |child| child.name == name }
    end
  end

  # Text for XML.
  module XMLText
    ESCAPES = {
      "&" => "&amp;", "<" => "&lt;", ">" => "&gt;", '"' => "&quot;", "'" => "&apos;",
      # Unescaped, these may arrive as blanks or newlines.
      "\r" => "&#13;", "\n" => "&#10;", "\t" => "&#9;"
    }.freeze
    # The Unicode characters that XML does not allow (XML 1.0 §2.2, production 2), in
    # the notation of String#count.
    ILLEGAL = "\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF"

    # Escapes UTF-8 text for an element or an attribute.
    def self.escape(text)
      text.gsub(/[&<>"'\r\n\t]/, ESCAPES)
    end

    # Returns the text in UTF-8, or nil if it has a character that XML does not allow:
    # such a character would end the whole stream. Bytes without an encoding, such as
    # those of a file that was read under LANG=C, are taken for UTF-8.
    def self.clean(text)
      bytes = [Encoding::BINARY, Encoding::US_ASCII].include?(text.encoding)
      utf8 = bytes ? text.dup.force_encoding(Encoding::UTF_8) : text.encode(Encoding::UTF_8)
      utf8 if utf8.valid_encoding? && utf8.count(ILLEGAL).zero?
    rescue EncodingError
      nil
    end
  end
end
