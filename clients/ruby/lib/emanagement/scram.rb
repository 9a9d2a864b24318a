# frozen_string_literal: true

require "openssl"
require "securerandom"

module Emanagement
  # The client's side of one SCRAM exchange (RFC 5802), without channel binding.
  class Scram
    # The server violates the protocol, or does not prove that it knows the password.
    class Mismatch < StandardError; end

    # The permitted number of iterations. With more, a server could occupy the CPU.
    ROUNDS = (1..1_000_000)

    # digest is SHA1 or SHA256.
    def initialize(digest, username, password)
      @digest = digest
      @password = (XMLText.clean(password) || password.b).then { |text| text.encoding == Encoding::UTF_8 ? text.unicode_normalize(:nfkc) : text }
      @nonce = SecureRandom.base64(18)
      @bare = "n=#{username.gsub('=', '=3D').gsub(',', '=2C')},r=#{@nonce}"
    end

    # The first message.
    def first
      "n,,#{@bare}"
    end

    # The last message, which answers the server's challenge.
    def last(challenge)
      nonce, salt, rounds = challenge.match(/\Ar=([^,]+),s=([^,]+),i=(\d+)/)&.captures
      unless nonce&.start_with?(@nonce) && ROUNDS.cover?(rounds.to_i)
        raise Mismatch, "the server's challenge is invalid"
      end

      salted = OpenSSL::KDF.pbkdf2_hmac(@password, salt: salt.unpack1("m"), iterations: rounds.to_i,
                                                   hash: @digest, length: OpenSSL::Digest.new(@digest).digest_length)
      ours = "c=biws,r=#{nonce}"
      signed = [@bare, challenge, ours].join(",")
      @signature = hmac(hmac(salted, "Server Key"), signed)
      "#{ours},p=#{[proof(salted, signed)].pack('m0')}"
    end

    # Checks the server's signature, which proves that the server knows the password.
    # Raises a Mismatch.
    def check(success)
      return if @signature && OpenSSL.secure_compare(success[/\Av=([^,]+)/, 1].to_s, [@signature].pack("m0"))

      raise Mismatch, "the server does not prove that it knows the password"
    end

    private

    def proof(salted, signed)
      key = hmac(salted, "Client Key")
      signature = hmac(OpenSSL::Digest.digest(@digest, key), signed)
      key.bytes.zip(signature.bytes).map { |a, b| a ^ b }.pack("C*")
    end

    def hmac(key, text)
      OpenSSL::HMAC.digest(@digest, key, text)
    end
  end
end
