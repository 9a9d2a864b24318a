package e2e_test

import (
	"bufio"
	"bytes"
	"crypto/sha1"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"

	"emanagement/internal/testserver"
	"emanagement/internal/xmppclient"
)

// The benchmarks compare three ways in one run and on one server: ad-hoc
// commands of one client, ad-hoc commands of 64 clients at once, and the bare
// stanzas that the server receives in the end. The bare stanzas are written to a
// component's socket with the same window. "add" writes a new item, "unchanged"
// an item that exists already, and "get" reads a roster of one item.

const benchClients = 64

// commandXML returns a verb as a command with its form filled in, in one step.
func commandXML(verb string, pairs ...string) string {
	var fields strings.Builder
	for i := 0; i < len(pairs); i += 2 {
		fmt.Fprintf(&fields, "<field var='%s'><value>%s</value></field>", pairs[i], pairs[i+1])
	}
	return fmt.Sprintf("<command xmlns='http://jabber.org/protocol/commands' node='%s'><x xmlns='jabber:x:data' type='submit'>%s</x></command>", verb, &fields)
}

var benchVerbs = []struct {
	name    string
	command func(user string) string
	bare    func(user jid.JID) (to, typ, payload string)
	fresh   bool // use a new user for each request
}{
	{"add", addCommand, addBare, true},
	{"unchanged", addCommand, addBare, false},
	{"get", func(user string) string { return commandXML("getRoster", "userJid", user) }, getBare, false},
}

func addCommand(user string) string {
	return commandXML("addBuddyToRoster", "userJid", user, "buddyJid", "contact@localhost", "buddyNick", "Contact", "buddyGroup", "Group", "subscription_type", "both")
}

func addBare(user jid.JID) (to, typ, payload string) {
	field := func(name, value string) string {
		return fmt.Sprintf("<field var='%s'><value>%s</value></field>", name, value)
	}
	return "localhost", "set", "<command xmlns='http://jabber.org/protocol/commands' node='api-commands/add_rosteritem' action='execute'><x xmlns='jabber:x:data' type='submit'>" +
		field("localuser", user.Localpart()) + field("localhost", "localhost") + field("user", "contact") + field("host", "localhost") +
		field("nick", "Contact") + field("groups", "Group") + field("subs", "both") + "</x></command>"
}

func getBare(user jid.JID) (to, typ, payload string) {
	return user.String(), "get", "<query xmlns='jabber:iq:roster'/>"
}

func BenchmarkVerbs(b *testing.B) {
	s := testserver.Run(b, nil)
	require.NoError(b, s.Register(b.Context(), "admin", "localhost", "pw"))
	storeItems(b, s, benchUser(false), storedItem{"contact@localhost", "Contact", "both", []string{"Group"}})
	b.Run("bare", func(b *testing.B) {
		for _, v := range benchVerbs {
			b.Run(v.name, func(b *testing.B) { benchBare(b, s, v.bare, v.fresh) })
		}
	})
	p, err := testserver.StartProgram(b.Context(), binary, s, testserver.Settings{Access: access})
	require.NoError(b, err)
	defer p.Stop()
	for _, clients := range []int{1, benchClients} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			logged := make([]*xmppclient.Client, clients)
			for i := range logged {
				logged[i] = loginTo(b, s, fmt.Sprintf("admin@localhost/%d", i))
			}
			for _, v := range benchVerbs {
				b.Run(v.name, func(b *testing.B) { benchVerb(b, logged, v.command, v.fresh) })
			}
		})
	}
}

// benchUsers counts the users, so that no benchmark uses the users of another
// one.
var benchUsers atomic.Int64

func benchUser(fresh bool) string {
	if !fresh {
		return "unchanged@localhost"
	}
	return fmt.Sprintf("user%d@localhost", benchUsers.Add(1))
}

func benchVerb(b *testing.B, clients []*xmppclient.Client, command func(string) string, fresh bool) {
	var left atomic.Int64
	left.Store(int64(b.N))
	var all sync.WaitGroup
	for _, c := range clients {
		all.Go(func() {
			for left.Add(-1) >= 0 {
				reply, err := c.Ask(b.Context(), stanza.SetIQ, service, command(benchUser(fresh)))
				if err != nil || !strings.Contains(reply.String(), `type="info"`) {
					b.Error(reply, err)
					return
				}
			}
		})
	}
	all.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "verbs/s")
}

// benchBare writes requests to a component's socket, at most sixteen in flight,
// and counts the results.
func benchBare(b *testing.B, s *testserver.Server, request func(jid.JID) (to, typ, payload string), fresh bool) {
	conn, err := net.Dial("tcp", s.ComponentAddr())
	require.NoError(b, err)
	defer conn.Close()
	r := bufio.NewReader(conn)
	require.NoError(b, handshake(conn, r))
	defer func() { // a stream that begins before this one ends gets no privileges
		fmt.Fprint(conn, "</stream:stream>")
		io.Copy(io.Discard, r)
	}()
	window := make(chan struct{}, 16)
	b.ResetTimer()
	go func() {
		for i := range b.N {
			window <- struct{}{}
			to, typ, payload := request(jid.MustParse(benchUser(fresh)))
			fmt.Fprintf(conn, "<iq id='%d' type='%s' from='%s' to='%s'>%s</iq>", i, typ, service, to, payload)
		}
	}()
	for range b.N {
		reply, err := readUntil(r, "</iq>")
		if err != nil || !bytes.Contains(reply, []byte("type='result'")) {
			b.Fatalf("%s %v", reply, err)
		}
		<-window
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "verbs/s")
}

// authenticate performs the component handshake of a domain by hand. The reader of a library
// might already have buffered later stanzas.
func authenticate(conn net.Conn, r *bufio.Reader, domain, secret string) error {
	fmt.Fprintf(conn, "<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' to='%s'>", domain)
	header, err := readUntil(r, ">")
	for err == nil && !bytes.Contains(header, []byte("id=")) {
		header, err = readUntil(r, ">")
	}
	if err != nil {
		return err
	}
	_, id, _ := strings.Cut(string(header), "id='")
	id, _, _ = strings.Cut(id, "'")
	_, err = fmt.Fprintf(conn, "<handshake>%x</handshake>", sha1.Sum([]byte(id+secret)))
	return err
}

// handshake authenticates and waits for the grants.
func handshake(conn net.Conn, r *bufio.Reader) error {
	if err := authenticate(conn, r, testserver.Component, testserver.Secret); err != nil {
		return err
	}
	for range testserver.Hosts() {
		if _, err := readUntil(r, "</message>"); err != nil {
			return err
		}
	}
	return nil
}

func readUntil(r *bufio.Reader, end string) ([]byte, error) {
	var text []byte
	for !bytes.HasSuffix(text, []byte(end)) {
		part, err := r.ReadBytes('>')
		if err != nil {
			return text, err
		}
		text = append(text, part...)
	}
	return text, nil
}

// BenchmarkMemoryAtRest reports the resident memory of the program while it is
// connected and idle.
func BenchmarkMemoryAtRest(b *testing.B) {
	s := testserver.Run(b, nil)
	p, err := testserver.StartProgram(b.Context(), binary, s, testserver.Settings{Access: access})
	require.NoError(b, err)
	defer p.Stop()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.PID()))
	require.NoError(b, err)
	for line := range strings.Lines(string(status)) {
		if kB, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			n, err := strconv.Atoi(strings.Fields(kB)[0])
			require.NoError(b, err)
			b.ReportMetric(float64(n)/1024, "MiB-resident")
		}
	}
	b.ReportMetric(0, "ns/op")
}
