# frozen_string_literal: true

require "helper"

# The parser, with texts that no real server sends on demand.
class ParserTest < Minitest::Test
  HEADER = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' id='a&amp;&lt;b'>"

  def setup
    @parser = Emanagement::Parser.new
  end

  def test_header
    @parser.feed(HEADER)
    assert_equal "a&<b", @parser.header["id"]
  end

  def test_every_element_comes_with_its_last_byte
    @parser.feed(HEADER)
    stanza = "<iq type='result'><q xmlns='other' v='&apos;'>é<![CDATA[<&>]]>&#13;&amp;<b/>😀</q></iq>".b
    assert_empty stanza.bytes[..-2].flat_map { |byte| @parser.feed(byte.chr) }
    iq = @parser.feed(stanza[-1]).first
    child = iq.first("q")
    assert_equal ["iq", "jabber:client", "result"], [iq.name, iq.namespace, iq["type"]]
    assert_equal ["other", "'", "é<&>\r&😀"], [child.namespace, child["v"], child.text]
    assert_equal 1, child.all("b").size
  end

  def test_several_at_once
    assert_equal %w[a b], @parser.feed("#{HEADER}<a/> \n<b/><c>").map(&:name)
    assert_equal %w[c], @parser.feed("</c>").map(&:name)
    refute @parser.ended?
    @parser.feed("</stream:stream>")
    assert @parser.ended?
  end

  def test_relative_namespaces_are_no_error
    assert_equal %w[x y], @parser.feed("#{HEADER}<x xmlns='vcard-temp'/><y xmlns='vcard-temp:x:update'/>").map(&:name)
  end

  def test_a_large_text
    text = "x" * 5_000_000
    @parser.feed("#{HEADER}<a>")
    assert_equal text, @parser.feed("#{text}</a>").first.text
  end

  def test_malformed_xml
    ["<a></b>", "<a x=1/>", "&nothing;", "<a>\u0001</a>", "<a></a></stream:stream><b/>"].each do |bad|
      parser = Emanagement::Parser.new
      parser.feed(HEADER)
      assert_raises(Emanagement::Parser::Malformed, bad) { parser.feed(bad) && parser.feed("<z/>") }
    end
  end
end

# Text for XML.
class XMLTextTest < Minitest::Test
  def test_escaped_text_is_read_back
    text = "<&>\"' \t\r\n é ✓ 😀 ]]>"
    element = Emanagement::Parser.new.feed("<s><a v='#{Emanagement::XMLText.escape(text)}'>#{Emanagement::XMLText.escape(text)}</a>").first
    assert_equal [text, text], [element["v"], element.text]
  end

  def test_clean
    assert_equal "né", Emanagement::XMLText.clean("né".encode("ISO-8859-1"))
    ["\u0000", "\u0001", "\u001B", "\uFFFE", "\xFF", "\xED\xA0\x80"].each do |bad|
      assert_nil Emanagement::XMLText.clean("a#{bad}b".dup.force_encoding("UTF-8")), bad.inspect
    end
  end
end
