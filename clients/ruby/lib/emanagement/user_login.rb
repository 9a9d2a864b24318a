# frozen_string_literal: true

require_relative "address"
require_relative "scram"
require_relative "session"

module Emanagement
  # Logs in with an account, as XMPP clients do (RFC 6120 §5-§7).
  class UserLogin
    SASL = "urn:ietf:params:xml:ns:xmpp-sasl"
    TLS = "urn:ietf:params:xml:ns:xmpp-tls"
    BIND = "urn:ietf:params:xml:ns:xmpp-bind"

    # jid is a bare JID. The server chooses the resource, so that no two processes have
    # the same one.
    def initialize(jid:, password:, server: nil, ca_file: nil)
      @user, @domain = jid.match(%r{\A([^@/]+)@([^@/]+)\z})&.captures
      raise ArgumentError, "#{jid.inspect} is not user@domain" unless @domain

      @password = password
      @server = Address.parse(server || "#{@domain}:5222")
      @ca_file = ca_file
    end

    # Returns a Session, or raises a LoginError, Wire::Lost or Wire::Late.
    def call(deadline)
      Wire.log_in(@server, deadline, name: @domain, ca_file: @ca_file, lenient: true) do |wire|
        stream = Stream.new(wire)
        log_in(stream, deadline)
        Session.new(stream)
      end
    rescue Wire::Untrusted, Scram::Mismatch => e
      raise LoginError, e.message
    end

    private

    def log_in(stream, deadline)
      features = open(stream, deadline)
      features = secure(stream, features, deadline) unless stream.wire.tls?
      authenticate(stream, features, deadline)
      open(stream, deadline)
      bind(stream, deadline)
    end

    # Opens a stream and returns the server's features.
    def open(stream, deadline)
      stream.open("jabber:client", @domain, deadline)
      stream.read(deadline)
    end

    # Starts TLS (RFC 6120 §5) and returns the server's features after it. A server
    # without TLS is accepted only on this machine. The certificate must be for the
    # user's domain.
    def secure(stream, features, deadline)
      unless features.first("starttls")
        return features if stream.wire.local?

        raise LoginError, "the server does not offer TLS"
      end
      stream.write("<starttls xmlns='#{TLS}'/>", deadline)
      raise LoginError, "the server does not start TLS" unless stream.read(deadline).name == "proceed"

      stream.wire.start_tls(@domain, deadline, ca_file: @ca_file, lenient: true)
      open(stream, deadline)
    end

    def authenticate(stream, features, deadline)
      offered = features.first("mechanisms")&.all("mechanism").to_a.map(&:text)
      if offered.include?("SCRAM-SHA-256") then scram(stream, "SCRAM-SHA-256", "SHA256", deadline)
      elsif offered.include?("SCRAM-SHA-1") then scram(stream, "SCRAM-SHA-1", "SHA1", deadline)
      elsif offered.include?("PLAIN") && stream.wire.verified? then plain(stream, deadline)
      else
        raise LoginError, "the server offers no way to log in that is safe here, only: #{offered.join(' ')}"
      end
    end

    def scram(stream, mechanism, digest, deadline)
      exchange = Scram.new(digest, @user, @password)
      challenge = sasl(stream, "auth", " mechanism='#{mechanism}'", exchange.first, deadline)
      success = sasl(stream, "response", "", exchange.last(challenge.text.unpack1("m")), deadline)
      exchange.check(success.text.unpack1("m"))
    end

    def plain(stream, deadline)
      sasl(stream, "auth", " mechanism='PLAIN'", "\0#{@user}\0#{@password}", deadline)
    end

    # Sends a SASL message and returns the answer (RFC 6120 §6.4).
    def sasl(stream, name, attributes, message, deadline)
      stream.write("<#{name} xmlns='#{SASL}'#{attributes}>#{[message].pack('m0')}</#{name}>", deadline)
      answer = stream.read(deadline)
      return answer unless answer.name == "failure"

      condition = answer.children.first&.name
      raise Wire::Lost, "login: #{condition}" if condition == "temporary-auth-failure"

      raise LoginError, "#{@user}@#{@domain}: #{condition}"
    end

    # RFC 6120 §7.
    def bind(stream, deadline)
      stream.write("<iq type='set' id='bind'><bind xmlns='#{BIND}'/></iq>", deadline)
      return if stream.read(deadline)["type"] == "result"

      raise LoginError, "#{@user}@#{@domain}: the server assigns no resource"
    end
  end
end
