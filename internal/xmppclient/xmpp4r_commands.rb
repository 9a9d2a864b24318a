# frozen_string_literal: true

# Uses ad-hoc commands (XEP-0050) through xmpp4r, the library that Social Stream
# talked to its XMPP server with, so that tests see what it makes of them.
#
#     xmpp4r_commands.rb HOST PORT JID PASSWORD
#
# logs in without TLS, so HOST has to be this machine. Requests and answers are
# those of slixmpp_commands.py; there are only "form" and "run", and of an open
# session nothing is kept but its id.
#
# xmpp4r has REXML parse the stream, which since 3.3 reports a tag only when more
# arrives after it, so that every login hangs; so nokogiri parses it here. One
# that takes too long all the same is given up and tried again.

require "json"
require "nokogiri"
require "timeout"
require "xmpp4r"
require "xmpp4r/command/iq/command"
require "xmpp4r/dataforms"

LIMIT = 20 # seconds for each request
LOGIN = 5 # seconds for each attempt to log in
ATTEMPTS = 6

# Collects what arrives of a stream, as what xmpp4r takes.
class Arrivals < Nokogiri::XML::SAX::Document
  def initialize
    super
    @current = nil
    @text = +""
    @complete = []
  end

  # What is complete: elements, the stream's own first, and :end.
  def take
    @complete.slice!(0..)
  end

  def start_element(name, attributes = [])
    end_text
    element = REXML::Element.new(name)
    element.add_attributes(attributes)
    return @complete << element if name == "stream:stream"

    @current = @current ? @current.add_element(element) : element
  end

  def end_element(_name)
    end_text
    return @complete << :end unless @current

    @complete << @current unless @current.parent
    @current = @current.parent
  end

  # What is one text may come in pieces.
  def characters(text)
    @text << text
  end

  private

  def end_text
    @current&.add(REXML::Text.new(@text, true)) unless @text.empty?
    @text = +""
  end
end

# Parses by nokogiri.
class Jabber::StreamParser
  def parse
    arrivals = Arrivals.new
    parser = Nokogiri::XML::SAX::PushParser.new(arrivals)
    loop do
      parser << @stream.readpartial(4096)
      arrivals.take.each { |arrived| arrived == :end ? @listener.parser_end : @listener.receive(arrived) }
    end
  rescue EOFError
    raise Jabber::ServerDisconnected, "the server has closed the connection"
  end
end

def log_in(host, port, jid, password)
  ATTEMPTS.times do
    client = Jabber::Client.new(jid)
    client.allow_tls = false
    begin
      Timeout.timeout(LOGIN) do
        client.connect(host, port)
        client.auth(password)
      end
      return client
    rescue Timeout::Error
      warn "#{jid}: the login hangs"
      client.close!
    end
  end
  abort "#{jid}: no login in #{ATTEMPTS} attempts"
end

def form_of(values)
  form = Jabber::Dataforms::XData.new(:submit)
  values.each do |var, value|
    field = Jabber::Dataforms::XDataField.new(var)
    field.values = Array(value)
    form.add(field)
  end
  form
end

def ask(client, request)
  iq = Jabber::Iq.new(:set, request["service"])
  command = Jabber::Command::IqCommand.new(request["node"], :execute)
  if request["op"] == "run"
    command.action = :complete if (command.sessionid = request["sessionid"])
    command.add(form_of(request["values"].to_h))
  end
  iq.add(command)
  reply = Timeout.timeout(LIMIT) { client.send_with_id(iq) }
  described(reply.first_element("command"))
rescue Jabber::ServerError => e
  { error: { condition: e.error.error, text: e.error.text.to_s } }
end

# A stage of a command as xmpp4r understood it.
def described(command)
  form = command.first_element("x")
  {
    status: command.status.to_s,
    sessionid: command.sessionid,
    actions: command.actions.to_a.map(&:name).sort,
    notes: command.get_elements("note").map { |note| [note.attributes["type"], note.text.to_s] },
    title: form&.title.to_s,
    instructions: form&.instructions.to_a.map(&:instructions).join("\n"),
    fields: form ? form.fields.map { |field| described_field(field) } : []
  }
end

def described_field(field)
  { var: field.var, type: field.type.to_s.tr("_", "-"), label: field.label, required: field.required?,
    value: field.values.join("\n") }
end

abort "usage: xmpp4r_commands.rb HOST PORT JID PASSWORD" unless ARGV.size == 4
host, port, jid, password = ARGV
client = log_in(host, Integer(port), jid, password)
$stdout.sync = true
$stdin.each_line { |line| puts JSON.generate(ask(client, JSON.parse(line))) }
client.close
