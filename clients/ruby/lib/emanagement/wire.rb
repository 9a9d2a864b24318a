# frozen_string_literal: true

require "io/wait"
require "openssl"
require "socket"
require_relative "deadline"

module Emanagement
  # A connection to a server, by TCP or a Unix socket, with or without TLS. No method
  # waits beyond its deadline. One thread may read while another one writes.
  class Wire
    # The connection could not be made, or is lost.
    class Lost < StandardError; end

    # The deadline has passed.
    class Late < StandardError; end

    # The server's certificate cannot be trusted.
    class Untrusted < StandardError; end

    CHUNK = 16 * 1024

    # Connects to an Address. Over TLS the certificate must be for name, or without one
    # for the address's host; see start_tls. Raises Lost, Late or Untrusted.
    def self.open(address, deadline, name: nil, ca_file: nil, lenient: false)
      socket = address.path ? unix_socket(address.path, deadline) : tcp_socket(address, deadline)
      wire = new(socket)
      wire.start_tls(name || address.host, deadline, ca_file: ca_file, lenient: lenient) if address.tls
      wire
    rescue SystemCallError, SocketError => e
      raise Lost, "#{address}: #{e.message}"
    rescue Lost, Late, Untrusted
      wire&.close
      raise
    end

    # Connects, and yields the connection to a block that logs in. Returns the block's
    # result. If the block raises an error, the connection is closed.
    def self.log_in(address, deadline, **options)
      wire = open(address, deadline, **options)
      yield wire
    rescue StandardError
      wire&.close
      raise
    end

    def self.tcp_socket(address, deadline)
      socket = Socket.tcp(address.host, address.port, connect_timeout: [deadline.remaining, 0.001].max)
      socket.setsockopt(:TCP, :NODELAY, true)
      socket.setsockopt(:SOCKET, :KEEPALIVE, true)
      socket
    end

    def self.unix_socket(path, deadline)
      socket = Socket.new(:UNIX, :STREAM)
      begin
        socket.connect_nonblock(Socket.sockaddr_un(path))
      rescue IO::WaitWritable # the listener's queue is full
        raise Late if deadline.passed?

        sleep 0.01
        retry
      end
      socket
    rescue StandardError
      socket&.close
      raise
    end
    private_class_method :new, :tcp_socket, :unix_socket

    def initialize(socket)
      @socket = socket # beneath TLS
      @io = socket
      @tls = false
      @verified = false
    end

    def tls?
      @tls
    end

    # Whether a certificate has proved the server's identity.
    def verified?
      @verified
    end

    # Whether the server is on this machine, so that nothing that is sent leaves it.
    def local?
      address = @socket.remote_address
      address.unix? || address.ipv4_loopback? || address.ipv6_loopback?
    end

    # Starts TLS. The certificate must be for name, and signed by an authority in
    # ca_file, or without ca_file by one that the machine knows. lenient accepts any
    # certificate if the server is on this machine and no ca_file is given: the one that
    # Debian installs with ejabberd is self-signed. Raises Lost, Late or Untrusted.
    def start_tls(name, deadline, ca_file: nil, lenient: false)
      ca_file = ca_file&.to_s
      lenient &&= local? && ca_file.nil?
      good = true
      io = tls_socket(name, ca_file, ->(ok, _) { (good &&= ok) || lenient })
      wait_for(deadline) { io.connect_nonblock(exception: false) }
      @io = io
      @tls = true
      @verified = good
    rescue Lost => e
      raise unless e.message.include?("certificate verify failed")

      raise Untrusted, "the certificate of #{name}: #{e.message}; " +
        (ca_file ? "ca_file is #{ca_file}" : "ca_file: names the authority that signed it, if the machine does not know that authority")
    end

    # Waits for bytes and returns those that have arrived. Without a deadline, the wait
    # has no limit.
    def read(deadline = nil)
      chunk = wait_for(deadline) { @io.read_nonblock(CHUNK, exception: false) }
      chunk or raise Lost, "the server has closed the connection"
    end

    # Sends all bytes. If it raises an error, the server has not received all of them, and
    # the connection must not be used any more.
    def write(bytes, deadline)
      bytes = bytes.b
      until bytes.empty?
        written = wait_for(deadline) { @io.write_nonblock(bytes, exception: false) }
        bytes = bytes.byteslice(written..)
      end
    end

    # Ends the connection in both directions: a thread that reads gets a Lost.
    def shutdown
      @socket.shutdown
    rescue SystemCallError, IOError
      nil # it has ended already
    end

    # Closes this process's handle of the connection. It sends nothing, so that a parent
    # process can go on using a connection that a forked process closes.
    def close
      @socket.close
    end

    private

    def tls_socket(name, ca_file, check)
      context = OpenSSL::SSL::SSLContext.new
      context.set_params({ verify_mode: OpenSSL::SSL::VERIFY_PEER, min_version: :TLS1_2, ca_file: ca_file, verify_callback: check }.compact)
      OpenSSL::SSL::SSLSocket.new(@socket, context).tap { |io| io.hostname = name }
    rescue OpenSSL::SSL::SSLError => e
      raise Untrusted, "ca_file #{ca_file}: #{File.readable?(ca_file.to_s) ? e.message : 'it is missing, or cannot be read'}"
    end

    # Repeats a non-blocking operation, the block, until it needs to wait no more.
    def wait_for(deadline)
      loop do
        case result = yield
        when :wait_readable then ready = @socket.wait_readable(deadline&.remaining)
        when :wait_writable then ready = @socket.wait_writable(deadline&.remaining)
        else return result
        end
        raise Late unless ready
      end
    rescue SystemCallError, IOError, OpenSSL::SSL::SSLError => e
      raise Lost, e.message
    end
  end
end
