# frozen_string_literal: true

module Emanagement
  # The address of a server: "host:port", "tls://host:port" or "unix:/path".
  Address = Struct.new(:host, :port, :path, :tls, keyword_init: true) do
    # Raises an ArgumentError if the text is none of these.
    def self.parse(text)
      return new(path: text.delete_prefix("unix:")) if text.start_with?("unix:/")

      tls, host, port = text.match(%r{\A(tls://)?\[?([^/\[\]]+)\]?:(\d+)\z})&.captures
      raise ArgumentError, "#{text.inspect} is not host:port, tls://host:port or unix:/path" unless port

      new(host: host, port: Integer(port, 10), tls: !tls.nil?)
    end

    def to_s
      path || "#{host}:#{port}"
    end
  end
end
