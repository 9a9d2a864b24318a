# frozen_string_literal: true

require "openssl"
require_relative "address"
require_relative "session"

module Emanagement
  # Logs in as a component of the server (XEP-0114).
  class ComponentLogin
    NAMESPACE = "jabber:component:accept"

    # jid becomes a full JID: ejabberd drops requests from a domain alone.
    def initialize(jid:, secret:, server:, ca_file: nil)
      @jid = jid.include?("/") ? jid : "#{jid}/ruby"
      @secret = secret
      @server = Address.parse(server)
      @ca_file = ca_file
    end

    # Returns a Session, or raises a LoginError, Wire::Lost or Wire::Late.
    def call(deadline)
      Wire.log_in(@server, deadline, ca_file: @ca_file) do |wire|
        stream = Stream.new(wire)
        handshake(stream, deadline)
        Session.new(stream, jid: @jid)
      end
    rescue Stream::Refused => e
      raise unless %w[not-authorized host-unknown conflict invalid-from].include?(e.condition)

      raise LoginError, "#{domain}: #{e.message}"
    rescue Wire::Untrusted => e
      raise LoginError, e.message
    end

    private

    def domain
      @jid[%r{\A[^/]+}]
    end

    # XEP-0114 §3.
    def handshake(stream, deadline)
      header = stream.open(NAMESPACE, domain, deadline)
      proof = OpenSSL::Digest::SHA1.hexdigest(header["id"].to_s + @secret)
      stream.write("<handshake>#{proof}</handshake>", deadline)
      answer = stream.read(deadline)
      raise Wire::Lost, "#{answer.name} instead of a handshake" unless answer.name == "handshake"
    end
  end
end
