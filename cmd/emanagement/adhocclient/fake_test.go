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

// fake is a component of a real server that answers as no emanagement does.
type fake struct {
	conn net.Conn
	done chan struct{}
	// silent receives who asked for a command that is never answered.
	silent chan string
	long   asked // was not answered yet
}

// asked is a stanza that a fake receives.
type asked struct {
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

func newFake(ctx context.Context, addr string, as jid.JID, secret string, answer func(f *fake, q asked) string) (*fake, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	session, err := xep0114.NewSession(context.WithoutCancel(ctx), as, []byte(secret), conn)
	if err != nil {
		conn.Close()
		return nil, err
	}
	f := &fake{conn: conn, done: make(chan struct{}), silent: make(chan string, 100)}
	go func() {
		defer close(f.done)
		r := session.TokenReader()
		defer r.Close()
		d := xml.NewTokenDecoder(r)
		for {
			var q asked
			if d.Decode(&q) != nil {
				return
			}
			if _, err := io.WriteString(conn, answer(f, q)); err != nil {
				return
			}
		}
	}()
	return f, nil
}

func (f *fake) close() {
	f.conn.Close()
	<-f.done
}

// reply is a stanza back to who asked.
func (q asked) reply(typ, payload string) string {
	return fmt.Sprintf("<iq type='%s' id='%s' from='%s' to='%s'>%s</iq>", typ, q.ID, q.To, q.From, payload)
}

// asEmanagement describes itself as the component does.
func asEmanagement(_ *fake, q asked) string {
	if q.Info == nil {
		return ""
	}
	return q.reply("result", `<query xmlns='http://jabber.org/protocol/disco#info'><identity category='component' type='generic' name='emanagement'/>`+
		`<feature var='http://jabber.org/protocol/commands'/></query>`)
}

// strangely answers each command as its node says, and never says what it is.
func strangely(f *fake, q asked) string {
	if id, ok := strings.CutPrefix(q.ID, "ping for "); ok {
		q.ID = id
		return q.reply("result", completed("info", "you are "+q.Type))
	}
	if q.Command == nil || q.Command.Action == "cancel" {
		return ""
	}
	switch q.Command.Node {
	case "silent":
		f.silent <- q.From
		return ""
	case "long": // is answered after a question how far it is
		f.long = q
		return ""
	case listJobs:
		me := jid.MustParse(q.From).Bare().String()
		said := fmt.Sprintf(`{"shape":"table","items":[{"job":1,"verb":"long","asker":%q,"progress":"old","done":9,"total":9}`, me)
		rest := ""
		if f.long.ID != "" { // it is under way
			said += fmt.Sprintf(`,{"job":2,"verb":"other","asker":%[1]q,"progress":"other"},`+
				`{"job":3,"verb":"long","asker":"another@localhost","progress":"another"},`+
				`{"job":4,"verb":"long","asker":%[1]q,"progress":"1 of 2","done":1,"total":2},`+
				`{"job":5,"verb":"long","asker":%[1]q,"progress":"newer"}`, me)
			rest = f.long.reply("result", completed("info", "it is over"))
			f.long = asked{}
		}
		list := commandXML("completed", "<x xmlns='jabber:x:data' type='result'><field var='json'><value>"+said+"]}</value></field></x>")
		return q.reply("result", list) + rest
	case "echo":
		lines := []string{q.Command.Action + " " + q.Command.Form.Type}
		for _, f := range q.Command.Form.Fields {
			lines = append(lines, fmt.Sprintf("%s=%q", f.Var, f.Values))
		}
		return q.reply("result", completed("info", "so it was", lines...))
	case "ping": // is answered when the client has answered this
		q.ID = "ping for " + q.ID
		return q.reply("get", "<ping xmlns='urn:xmpp:ping'/>")
	case "foreign": // after what would end a stream if it were not inside of stanzas
		hostile := fmt.Sprintf("<message to='%s' from='%s'><error xmlns='http://etherx.jabber.org/streams'><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></error></message>"+
			"<message to='%[1]s' from='%[2]s'><x xmlns='urn:x'><stream xmlns='http://etherx.jabber.org/streams'/></x></message>", q.From, q.To)
		return hostile + q.reply("result", completed("info", "genuine"))
	case "impostor": // the right answer, but from somebody else
		forged := q
		forged.To = "mallory@" + testOther
		return forged.reply("result", completed("info", "forged")) + q.reply("result", completed("info", "genuine"))
	}
	if payload, ok := results[q.Command.Node]; ok {
		return q.reply("result", payload)
	}
	return q.reply("error", "<error "+errs[q.Command.Node]+"</error>")
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

// What a strange component answers, by verb.
var (
	results = map[string]string{
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
	errs = map[string]string{
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
