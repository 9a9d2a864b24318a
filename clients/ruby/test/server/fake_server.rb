# frozen_string_literal: true

require "socket"

# A server for components, for situations that a real server does not produce on demand.
# It accepts every handshake. Then it calls the block with each stanza, as text, and the
# connection.
class FakeServer
  # The stanzas that have arrived, as text.
  attr_reader :stanzas

  def initialize(&handle)
    @listener = TCPServer.new("127.0.0.1", 0)
    @stanzas = Queue.new
    @handle = handle
    @threads = [Thread.new { accept }]
  end

  def address
    "127.0.0.1:#{@listener.addr[1]}"
  end

  # A client of this server.
  def client(**options)
    Emanagement::Client.component(jid: "rails.example.org/web1", secret: "s", server: address, to: "em.example.org", **options)
  end

  def close
    @listener.close
    @threads.each(&:kill).each(&:join)
  end

  # The answer to a stanza, with the given content or a completed command.
  def self.answer(stanza, inside = nil, type: "result")
    inside ||= "<command xmlns='http://jabber.org/protocol/commands' node='n' status='completed'><note type='info'>Done</note></command>"
    "<iq type='#{type}' id='#{stanza[/ id='([^']*)'/, 1]}' from='em.example.org/ruby' to='rails.example.org/web1'>#{inside}</iq>"
  end

  private

  def accept
    loop do
      connection = @listener.accept
      @threads << Thread.new { serve(connection) }
    end
  rescue IOError
    nil # closed
  end

  def serve(connection)
    connection.gets(">") # <?xml ...?>
    connection.gets(">")
    connection.write("<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' id='1'>")
    connection.gets("</handshake>")
    connection.write("<handshake/>")
    stanza = +""
    while (text = connection.gets(">"))
      return connection.write(text) if text == "</stream:stream>"
      next unless (stanza << text).end_with?("</iq>")

      @stanzas << stanza
      @handle.call(stanza, connection)
      stanza = +""
    end
  rescue IOError, SystemCallError
    nil # the client has gone
  ensure
    connection.close
  end
end
