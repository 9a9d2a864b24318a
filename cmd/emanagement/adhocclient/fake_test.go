package adhocclient

import (
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"net"
	"strings"

	"emanagement/xmpp/command"

	xep0114 "mellium.im/xmpp/component"
	"mellium.im/xmpp/jid"
)

// fakeComponent is a component of a real server whose answers a test chooses.
type fakeComponent struct {
	conn net.Conn
	done chan struct{}
	// silent receives the sender of each command that is never answered.
	silent chan string
	long   request // the request for the long command, while it has no answer
}

// request is a stanza that a fakeComponent receives.
type request struct {
	ID      string `xml:"id,attr"`
	Type    string `xml:"type,attr"`
	From    string `xml:"from,attr"`
	To      string `xml:"to,attr"`
	Command *struct {
		Node   string `xml:"node,attr"`
		Action string `xml:"action,attr"`
		Form   struct {
			Type   string          `xml:"type,attr"`
			Fields []command.Field `xml:"field"`
		} `xml:"jabber:x:data x"`
	} `xml:"http://jabber.org/protocol/commands command"`
	Info *struct{} `xml:"http://jabber.org/protocol/disco#info query"`
}

func newFakeComponent(ctx context.Context, addr string, as jid.JID, secret string, answer func(f *fakeComponent, r request) string) (*fakeComponent, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	session, err := xep0114.NewSession(context.WithoutCancel(ctx), as, []byte(secret), conn)
	if err != nil {
		conn.Close()
		return nil, err
	}
	f := &fakeComponent{conn: conn, done: make(chan struct{}), silent: make(chan string, 100)}
	go func() {
		defer close(f.done)
		tokens := session.TokenReader()
		defer tokens.Close()
		d := xml.NewTokenDecoder(tokens)
		for {
			var r request
			if d.Decode(&r) != nil {
				return
			}
			if _, err := io.WriteString(conn, answer(f, r)); err != nil {
				return
			}
		}
	}()
	return f, nil
}

func (f *fakeComponent) close() {
	f.conn.Close()
	<-f.done
}

// reply returns a stanza to the sender of the request.
func (r request) reply(typ, payload string) string {
	return fmt.Sprintf("<iq type='%s' id='%s' from='%s' to='%s'>%s</iq>", typ, r.ID, r.To, r.From, payload)
}

// asEmanagement describes itself as the component does, and answers nothing else.
func asEmanagement(_ *fakeComponent, r request) string {
	if r.Info == nil {
		return ""
	}
	return r.reply("result", `<query xmlns='http://jabber.org/protocol/disco#info'><identity category='component' type='generic' name='emanagement'/>`+
		`<feature var='http://jabber.org/protocol/commands'/></query>`)
}

// answerByNode answers each command as its node demands, and never describes itself.
func answerByNode(f *fakeComponent, r request) string {
	if id, ok := strings.CutPrefix(r.ID, "ping for "); ok {
		r.ID = id
		return r.reply("result", completed("info", "you are "+r.Type))
	}
	if r.Command == nil || r.Command.Action == "cancel" {
		return ""
	}
	switch r.Command.Node {
	case "silent":
		f.silent <- r.From
		return ""
	case "long": // is answered after the next listJobs
		f.long = r
		return ""
	case listJobs:
		me := jid.MustParse(r.From).Bare().String()
		list := fmt.Sprintf(`{"shape":"table","items":[{"job":1,"verb":"long","asker":%q,"progress":"old","done":9,"total":9}`, me)
		longReply := ""
		if f.long.ID != "" { // it is running
			list += fmt.Sprintf(`,{"job":2,"verb":"other","asker":%[1]q,"progress":"other"},`+
				`{"job":3,"verb":"long","asker":"another@localhost","progress":"another"},`+
				`{"job":4,"verb":"long","asker":%[1]q,"progress":"1 of 2","done":1,"total":2},`+
				`{"job":5,"verb":"long","asker":%[1]q,"progress":"newer"}`, me)
			longReply = f.long.reply("result", completed("info", "it is over"))
			f.long = request{}
		}
		form := "<x xmlns='jabber:x:data' type='result'><field var='json'><value>" + list + "]}</value></field></x>"
		return r.reply("result", commandXML("completed", form)) + longReply
	case "echo":
		lines := []string{r.Command.Action + " " + r.Command.Form.Type}
		for _, f := range r.Command.Form.Fields {
			lines = append(lines, fmt.Sprintf("%s=%q", f.Var, f.Values))
		}
		return r.reply("result", completed("info", "so it was", lines...))
	case "ping": // is answered after the client has answered this ping
		r.ID = "ping for " + r.ID
		return r.reply("get", "<ping xmlns='urn:xmpp:ping'/>")
	case "foreign": // is answered after stanzas whose content looks like the end of a stream
		hostile := fmt.Sprintf("<message to='%s' from='%s'><error xmlns='http://etherx.jabber.org/streams'><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></error></message>"+
			"<message to='%[1]s' from='%[2]s'><x xmlns='urn:x'><stream xmlns='http://etherx.jabber.org/streams'/></x></message>", r.From, r.To)
		return hostile + r.reply("result", completed("info", "genuine"))
	case "impostor": // is answered after a forged answer from another sender
		forged := r
		forged.To = "mallory@" + testOther
		return forged.reply("result", completed("info", "forged")) + r.reply("result", completed("info", "genuine"))
	}
	if payload, ok := resultPayloads[r.Command.Node]; ok {
		return r.reply("result", payload)
	}
	return r.reply("error", "<error "+errorPayloads[r.Command.Node]+"</error>")
}

const testOther = "rails.localhost"

func commandXML(status, inner string) string {
	return "<command xmlns='http://jabber.org/protocol/commands' status='" + status + "'>" + inner + "</command>"
}

func completed(note, text string, lines ...string) string {
	form := ""
	for _, l := range lines {
		form += "<value>" + l + "</value>"
	}
	if form != "" {
		form = "<x xmlns='jabber:x:data' type='result'><field var='result' type='text-multi'>" + form + "</field></x>"
	}
	return commandXML("completed", "<note type='"+note+"'>"+text+"</note>"+form)
}

const nsErr = "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'"

// The answers of answerByNode, by node.
var (
	resultPayloads = map[string]string{
		"oldTable":   completed("info", "2 items", "a", "b"),
		"oldDone":    completed("info", "Done", "Done"),
		"oldAnswer":  completed("info", "true", "true"),
		"oldRefusal": completed("error", "no such roster", "no such roster"),
		"noteOnly":   completed("info", "all is well"),
		"garbled":    commandXML("completed", "<x xmlns='jabber:x:data' type='result'><field var='json'><value>{</value></field></x>"),
		"stages":     commandXML("executing", "<x xmlns='jabber:x:data' type='form'/>"),
		"cancelled":  commandXML("canceled", ""),
		"blames":     commandXML("executing", "<note type='error'>Whose (whose): not that one</note><x xmlns='jabber:x:data' type='form'><field var='error' type='hidden'><value>{\"kind\":\"argument\",\"text\":\"whose: not that one\",\"param\":\"whose\"}</value></field></x>"),
		"blamesNone": commandXML("executing", "<note type='error'>something is wrong (whose)</note><x xmlns='jabber:x:data' type='form'/>"),
		"nothing":    "<query xmlns='jabber:iq:private'/>",
	}
	errorPayloads = map[string]string{
		"late":      "type='wait'><remote-server-timeout " + nsErr + "/><text " + nsErr + ">its server is slow</text>",
		"untold":    "type='cancel'><remote-server-timeout " + nsErr + "/><text " + nsErr + ">whether it was done is unknown</text>",
		"busy":      "type='wait'><resource-constraint " + nsErr + "/><text " + nsErr + ">ask again</text>",
		"broken":    "type='cancel'><internal-server-error " + nsErr + "/><text " + nsErr + ">half of it is done</text>",
		"silently":  "type='cancel'><not-acceptable " + nsErr + "/>",
		"gone":      "type='cancel'><gone " + nsErr + "/>",
		"specific":  "type='cancel'><internal-server-error " + nsErr + "/><text " + nsErr + ">no</text><error xmlns='urn:emanagement:error:0'>{\"kind\":\"away\",\"text\":\"nobody there\",\"nothing_done\":true}</error>",
		"unservice": "type='cancel'><service-unavailable " + nsErr + "/>",
	}
)
