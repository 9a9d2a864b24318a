# frozen_string_literal: true

require "io/wait"
require "openssl"
require "socket"
require_relative "deadline"

module Emanagement
  # A connection to a server, by TCP or a Unix socket, with or without TLS.
  # Nothing here waits beyond its deadline. One thread may read while another
  # one writes.
  class Wire
    # The connection could not be made, or is lost.
    class Lost < StandardError; end

    # The deadline has passed.
    class Late < StandardError; end

    # The server's certificate is not one to trust.
    class Untrusted < StandardError; end

    CHUNK = 16 * 1024

    # Connects to an Address.
    def self.open(address, deadline, ca_file: nil)
      socket = address.path ? unix_socket(address.path, deadline) : tcp_socket(address, deadline)
      wire = new(socket)
      wire.start_tls(address.host, deadline, ca_file: ca_file) if address.tls
      wire
    rescue SystemCallError, SocketError => e
      raise Lost, "#{address}: #{e.message}"
    rescue Lost, Late, Untrusted
      wire&.close
      raise
    end

    # Connects and yields the connection to what logs in on it. Returns what that
    # returns; where it raises, the connection is closed.
    def self.log_in(address, deadline, ca_file: nil)
      wire = open(address, deadline, ca_file: ca_file)
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
      rescue IO::WaitWritable # there is a queue before the listener, and it is full
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
    end

    def tls?
      @tls
    end

    # Does nothing that is sent leave this machine?
    def local?
      address = @socket.remote_address
      address.unix? || address.ipv4_loopback? || address.ipv6_loopback?
    end

    # Goes on with TLS. The certificate must be that of name.
    def start_tls(name, deadline, ca_file: nil)
      context = OpenSSL::SSL::SSLContext.new
      context.set_params({ verify_mode: OpenSSL::SSL::VERIFY_PEER, min_version: :TLS1_2, ca_file: ca_file }.compact)
      io = OpenSSL::SSL::SSLSocket.new(@socket, context)
      io.hostname = name
      wait_for(deadline) { io.connect_nonblock(exception: false) }
      @io = io
      @tls = true
    rescue Lost => e
      raise unless e.message.include?("certificate verify failed")

      raise Untrusted, "the certificate of #{name}: #{e.message}"
    end

    # What has arrived, as soon as anything has. Without a deadline it waits for
    # ever.
    def read(deadline = nil)
      chunk = wait_for(deadline) { @io.read_nonblock(CHUNK, exception: false) }
      chunk or raise Lost, "the server has closed the connection"
    end

    # Sends all of it, or raises: then the server has not got all of it, and
    # nothing else can be sent.
    def write(bytes, deadline)
      bytes = bytes.b
      until bytes.empty?
        written = wait_for(deadline) { @io.write_nonblock(bytes, exception: false) }
        bytes = bytes.byteslice(written..)
      end
    end

    # Ends the connection in both directions: whoever reads finds that it is
    # lost.
    def shutdown
      @socket.shutdown
    rescue SystemCallError, IOError
      nil # it has ended already
    end

    # Gives up this process's hold on the connection. To a connection that was
    # inherited by a fork it does no harm: nothing is sent.
    def close
      @socket.close
    end

    private

    # Tries something that does not wait until it need not wait.
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
