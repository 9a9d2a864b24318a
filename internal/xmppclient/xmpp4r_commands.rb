# frozen_string_literal: true

# Runs ad-hoc commands (XEP-0050) through xmpp4r, the library that Social Stream used for
# its XMPP server, so that tests check the component against it.
#
#     xmpp4r_commands.rb HOST PORT JID PASSWORD
#
# It logs in without TLS, so HOST must be this machine. Requests and answers are those of
# slixmpp_commands.py, but only "form" and "run" exist. It keeps only the id of an open
# session.
#
# xmpp4r parses the stream with REXML. Since 3.3, REXML reports a tag only when more input
# follows, so every login would hang. Therefore nokogiri parses the stream here. A login
# that still takes too long is repeated.

require "json"
require "nokogiri"
require "timeout"
require "xmpp4r"
require "xmpp4r/command/iq/command"
require "xmpp4r/dataforms"

LIMIT = 20 # seconds for each request
LOGIN = 5 # seconds for each attempt to log in
ATTEMPTS = 6

# Collects the elements of a stream in the form that xmpp4r expects.
class StreamElements < Nokogiri::XML::SAX::Document
  def initialize
    super
    @current = nil
    @text = +""
    @complete = []
  end

  # Returns and removes the complete elements. The stream's own is the first of all, and
  # :end marks its end.
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

  # The parser may report one text in several parts.
  def characters(text)
    @text << text
  end

  private

  def end_text
    @current&.add(REXML::Text.new(@text, true)) unless @text.empty?
    @text = +""
  end
end

# Parses the stream with nokogiri in place of REXML.
class Jabber::StreamParser
  def parse
    elements = StreamElements.new
    parser = Nokogiri::XML::SAX::PushParser.new(elements)
    loop do
      parser << @stream.readpartial(4096)
      elements.take.each { |element| element == :end ? @listener.parser_end : @listener.receive(element) }
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

# Returns a stage of a command as xmpp4r has read it.
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
