# frozen_string_literal: true

require "helper"

# The parts that need no server.
class PartsTest < Minitest::Test
  # The examples of RFC 7677 §3 and RFC 5802 §5.
  EXCHANGES = {
    "SHA256" => ["rOprNGfwEbeRWgbNEkqO", "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
                 "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=", "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="],
    "SHA1" => ["fyko+d2lbbFgONRv9qkxdawL", "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
               "p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=", "v=rmF9pqV8S7suAoZWja4dJRkFsKQ="]
  }.freeze

  def test_scram
    EXCHANGES.each do |digest, (nonce, challenge, proof, signature)|
      exchange = SecureRandom.stub(:base64, nonce) { Emanagement::Scram.new(digest, "user", "pencil") }
      assert_equal "n,,n=user,r=#{nonce}", exchange.first
      assert_equal "c=biws,#{challenge[/r=[^,]+/]},#{proof}", exchange.last(challenge)
      exchange.check(signature)
      ["v=AAAA", "", "e=other-error"].each do |wrong|
        assert_raises(Emanagement::Scram::Mismatch) { exchange.check(wrong) }
      end
    end
  end

  def test_scram_refuses_invalid_challenges
    ["", "r=other,s=QSXCR+Q6sek8bf92,i=4096", "r=NONCEx,s=QSXC,i=0", "r=NONCEx,s=QSXC,i=99999999", "r=NONCEx,i=1"].each do |challenge|
      exchange = SecureRandom.stub(:base64, "NONCE") { Emanagement::Scram.new("SHA1", "user", "pencil") }
      assert_raises(Emanagement::Scram::Mismatch, challenge) { exchange.last(challenge) }
      assert_raises(Emanagement::Scram::Mismatch, "nothing was proved") { exchange.check("v=") }
    end
  end

  def test_address
    parse = ->(text) { Emanagement::Address.parse(text).to_h.compact }
    assert_equal({ host: "example.org", port: 5347, tls: false }, parse["example.org:5347"])
    assert_equal({ host: "::1", port: 5222, tls: true }, parse["tls://[::1]:5222"])
    assert_equal({ path: "/run/s:1.sock" }, parse["unix:/run/s:1.sock"])
    ["", "example.org", "example.org:", ":5222", "http://example.org:80", "unix:relative"].each do |bad|
      assert_raises(ArgumentError, bad) { parse[bad] }
    end
  end

  def test_slug
    assert_equal "jonh-doe", Emanagement.slug("Jonh Doe")
    assert_equal "éva-maría-o'neil", Emanagement.slug(" Éva\tMaría  O'Neil ")
  end

  def test_rows_of_text
    row = Emanagement::Result.from_lines("getRoster", "1 item", ['a@b	x\ty\\\\n\n	both	none	One;Two'], refused: false).items.first
    assert_equal({ jid: "a@b", nick: "x\ty\\n\n", subscription: "both", ask: "none", groups: %w[One Two] }, row)
    assert_equal [], Emanagement::Result.from_lines("getRoster", "1 item", ["a@b\t\tto\tout\t"], refused: false).items.first[:groups]
    assert_equal ["a@b"], Emanagement::Result.from_lines("getConnectedJids", "1 user", ["a@b"], refused: false).items
    assert_equal :table, Emanagement::Result.from_lines("getConnectedJids", "0 users", [], refused: false).shape
    assert_equal [:answer, true], Emanagement::Result.from_lines("checkUserJid", "true", ["true"], refused: false).then { |r| [r.shape, r.answer] }
    assert_equal [:answer, false], Emanagement::Result.from_lines("checkUserJid", "false", ["false"], refused: false).then { |r| [r.shape, r.answer] }
    assert_predicate Emanagement::Result.from_lines("getRoster", "Roster not found", [], refused: true), :refused?
  end

  def test_http_answers
    {
      "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc" => ["abc", ""],
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\nA;x=y\r\n\r\n34567890\r\n0\r\n" => ["a\r\n34567890", "\r\n"]
    }.each do |needed, (body, rest)|
      assert_equal body, http(needed + rest)
      needed.size.times { |n| assert_raises(Emanagement::Wire::Lost) { http(needed[0, n]) } }
    end
  end

  private

  # Reads an answer that arrives byte by byte, before the end of the connection.
  def http(text)
    bytes = text.each_char.to_a
    wire = Object.new
    wire.define_singleton_method(:read) { |_deadline| bytes.shift or raise Emanagement::Wire::Lost }
    Emanagement::HTTPAnswer.new(wire, nil).body
  end
end
