# frozen_string_literal: true

require "helper"

# The local part of a JID.
class LocalTest < Minitest::Test
  def test_as_servers_make_it
    {
      "AnaB" => "anab", "Strauß" => "strauss", "ΣΊΣΥΦΟΣ" => "σίσυφοσ", "علی\u200cرضا" => "علیرضا", "so\u00adft" => "soft", "" => "",
      "O'Brien" => 'o\27brien', "AC/DC" => 'ac\2fdc', "me@gmail.com" => 'me\40gmail.com', " a b " => 'a\20b', %q(d"&:<>) => 'd\22\26\3a\3c\3e',
      'a\27b' => 'a\5c27b', 'a\b' => 'a\b', "é".b => "é", "e\u0301" => "é"
    }.each { |slug, local| assert_equal local, Emanagement.local(slug), slug.inspect }
    ["a\u0001", "a\xff".b, "a\xff"].each { |bad| assert_raises(Emanagement::UsageError, bad.inspect) { Emanagement.local(bad) } }
  end

  def test_same_jid
    assert Emanagement.same_jid?("AnaB@Example.ORG", "anab@example.org")
    refute Emanagement.same_jid?("ana@example.org", "ana@example.com")
  end
end
