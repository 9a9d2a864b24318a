//go:build load

package e2e_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/internal/testserver"
	"emanagement/xmpp/framing"
)

// loads are the loads of TestLoad.
func loads() []load {
	pairs := func(n, nick int) func(*testing.T, *loaded) string {
		return func(t *testing.T, l *loaded) string { return l.pairs(t, n, strings.Repeat("n", nick)) }
	}
	return []load{
		{"10,000 pairs", pairs(10_000, 10), false},
		{"10,000 pairs, nicks of 10 kB", pairs(10_000, 10_000), false},
		{"a nick of 4 MiB", pairs(1, 4<<20), false},
		{"a nick of 16 MiB", pairs(1, 16<<20), false},
		{"100 nicks of 1 MB", pairs(100, 1_000_000), false},
		{"64 MiB of elements", func(t *testing.T, l *loaded) string { return l.elements(t, 64<<20) }, true},
		{"an element without end", func(t *testing.T, l *loaded) string { return l.elements(t, 1<<40) }, true},
		{"100,000 hostile stanzas, a client", func(t *testing.T, l *loaded) string { return l.hostileClient(t, 100_000) }, false},
		{"100,000 hostile stanzas, a server", func(t *testing.T, l *loaded) string { return l.hostileServer(t, 100_000) }, true},
		{"2,100 callers of the socket", func(t *testing.T, l *loaded) string { return l.callers(t, 2100) }, false},
		{"100 lists of 8 MB at the socket", func(t *testing.T, l *loaded) string { return l.longLists(t, 100, 8_000_000) }, false},
		{"20 callers that never read", func(t *testing.T, l *loaded) string { return l.neverRead(t, 20) }, false},
		{"10,000 items, by every front", func(t *testing.T, l *loaded) string { return l.largeRoster(t) }, false},
	}
}

// pairs sends pair commands from many requesters at once, and counts the answers.
func (l *loaded) pairs(t *testing.T, n int, nick string) string {
	conn, err := net.Dial("tcp", l.OtherAddr())
	require.NoError(t, err)
	defer conn.Close()
	r := bufio.NewReader(conn)
	require.NoError(t, testserver.Authenticate(conn, r, testserver.OtherComponent, testserver.OtherSecret))
	var writing sync.WaitGroup
	defer writing.Wait()
	writing.Go(func() {
		w := bufio.NewWriterSize(conn, 1<<20)
		for i := range n {
			command := commandXML("setBidireccionalBuddys", "userAJid", fmt.Sprintf("a%d@localhost", i), "userBJid", fmt.Sprintf("b%d@localhost", i), "userANick", nick, "userBNick", nick)
			fmt.Fprintf(w, "<iq type='set' id='load%d' from='load%d@%s/r' to='%s/r'>%s</iq>", i, i%loadRequesters, testserver.OtherComponent, service, command)
		}
		w.Flush()
	})
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(loadLimit)))
	return countAnswers(r, n)
}

// countAnswers reads n answers, or as many as come in time, and counts them by their
// outcome.
func countAnswers(r *bufio.Reader, n int) string {
	counts := make(map[string]int)
	in := framing.NewReader(r, "jabber:component:accept", framing.DefaultLimit)
	for missing := n; missing > 0; {
		e, err := in.Next()
		if err != nil {
			counts["no answer"] = missing
			break
		}
		if e.Start.Name.Local != "iq" {
			continue
		}
		missing--
		counts[outcomeOf(e.Raw)]++
	}
	return strings.TrimPrefix(fmt.Sprint(counts), "map")
}

// outcomeOf returns the outcome of a command in a word.
func outcomeOf(answer string) string {
	for _, known := range []struct{ text, outcome string }{
		{"<title>Done</title>", "done"},
		{"limits.nick", "the limit named"},
		{"<resource-constraint", "resource-constraint"},
		{"<policy-violation", "policy-violation"},
		{"<remote-server-timeout", "remote-server-timeout"},
	} {
		if strings.Contains(answer, known.text) {
			return known.outcome
		}
	}
	return "other"
}

// elements has the server send one stanza of that size, made of empty elements. It reports
// how many bytes the component read.
func (l *loaded) elements(t *testing.T, size int) string {
	var sent int
	err := l.proxy.inject(func(w io.Writer) error {
		_, err := io.WriteString(w, "<message from='a@localhost' to='"+service.String()+"'>")
		piece := strings.Repeat("<y/>", 16<<10)
		for ; err == nil && sent < size; sent += len(piece) {
			_, err = io.WriteString(w, piece)
		}
		if err == nil {
			_, err = io.WriteString(w, "</message>")
		}
		return err
	})
	text := fmt.Sprintf("%d MiB written", sent>>20)
	if err != nil {
		text += ", then the stream ended"
	}
	return text
}

// hostileClient has an account without rights send hostile stanzas.
func (l *loaded) hostileClient(t *testing.T, n int) string {
	stranger := loginTo(t, l.Server, "any@localhost")
	for i := range n {
		to := []string{service.String(), "name@" + service.String(), service.String() + "/r"}[i%3]
		require.NoError(t, stranger.Send(t.Context(), hostileStanza(to, i)))
	}
	_, err := stranger.Run(t.Context(), service, "getRoster", nil)
	require.ErrorContains(t, err, "may not run commands here")
	return l.streams()
}

// hostileServer has another server send them.
func (l *loaded) hostileServer(t *testing.T, n int) string {
	for i := range n {
		require.NoError(t, l.proxy.inject(func(w io.Writer) error {
			text := strings.Replace(hostileStanza(service.String(), i), " to=", " from='stranger.example' to=", 1)
			_, err := io.WriteString(w, text)
			return err
		}))
	}
	return l.streams()
}

// streams counts the streams that have ended so far.
func (l *loaded) streams() string {
	return fmt.Sprintf("%d streams ended", strings.Count(l.program.Log(), "stream ended"))
}

// callers opens connections to the control socket, keeps them all open, and runs a verb on
// each. It counts the HTTP statuses.
func (l *loaded) callers(t *testing.T, n int) string {
	conns := make([]net.Conn, n)
	for i := range conns {
		conns[i] = l.call(t, "checkUserJid", `{"args":["reader@localhost"]}`)
	}
	return countStatuses(t, conns)
}

// longLists sends long broadcasts to the control socket at once. Their sender may not send.
func (l *loaded) longLists(t *testing.T, n, size int) string {
	conns := make([]net.Conn, n)
	body := `{"args":["nobody@elsewhere.example","` + strings.Repeat(strings.Repeat("a", 70)+`@localhost\n`, size/82) + `","text"]}`
	var calling sync.WaitGroup
	for i := range conns {
		calling.Go(func() { conns[i] = l.call(t, "broadcast", body) })
	}
	calling.Wait()
	return countStatuses(t, conns)
}

// call sends a request to the control socket.
func (l *loaded) call(t *testing.T, verb, body string) net.Conn {
	conn, err := net.Dial("unix", l.program.Control())
	if assert.NoError(t, err) {
		t.Cleanup(func() { conn.Close() })
		assert.NoError(t, conn.SetDeadline(time.Now().Add(loadLimit)))
		_, err = fmt.Fprintf(conn, "POST /verbs/%s HTTP/1.1\r\nHost: control\r\nContent-Length: %d\r\n\r\n%s", verb, len(body), body)
		assert.NoError(t, err)
	}
	return conn
}

func countStatuses(t *testing.T, conns []net.Conn) string {
	counts := make(map[int]int)
	for _, conn := range conns {
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if !assert.NoError(t, err) {
			continue
		}
		counts[answer.StatusCode]++
	}
	return strings.TrimPrefix(fmt.Sprint(counts), "map")
}

// neverRead has callers of the control socket, and a component, ask for a roster of 10,000
// items, and read no answer. It ends when the callers are disconnected.
func (l *loaded) neverRead(t *testing.T, n int) string {
	l.fillRoster(t, "large", 10_000)
	conn, err := net.Dial("tcp", l.OtherAddr())
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, testserver.Authenticate(conn, bufio.NewReader(conn), testserver.OtherComponent, testserver.OtherSecret))
	for i := range n {
		l.call(t, "getRoster", `{"args":["large@localhost"]}`)
		_, err := fmt.Fprintf(conn, "<iq type='set' id='n%d' from='load%d@%s/r' to='%s/r'>%s</iq>", i, i%loadRequesters, testserver.OtherComponent, service, commandXML("getRoster", "userJid", "large@localhost"))
		require.NoError(t, err)
	}
	const line = "was not taken"
	for end := time.Now().Add(loadLimit); strings.Count(l.program.Log(), line) < n && time.Now().Before(end); {
		time.Sleep(time.Second)
	}
	return fmt.Sprintf("%d callers disconnected", strings.Count(l.program.Log(), line))
}

// largeRoster shows a roster of 10,000 items by every front.
func (l *loaded) largeRoster(t *testing.T) string {
	l.fillRoster(t, "large", 10_000)
	admin := loginTo(t, l.Server, "admin@localhost")
	var answers []string
	timed := func(front string, ask func() int) {
		began := time.Now()
		size := ask()
		answers = append(answers, fmt.Sprintf("%s %d kB in %.1f s", front, size/1000, time.Since(began).Seconds()))
	}
	timed("ad-hoc", func() int {
		r, err := admin.Run(shortContext(t), service, "getRoster", formValues("userJid", "large@localhost"))
		require.NoError(t, err)
		return len(r.Raw.String())
	})
	timed("chat", func() int { return len(chatter{admin, t}.ask("getRoster large@localhost")) })
	timed("control", func() int { return len(emanagement(t, l.program, "getRoster", "large@localhost").out) })
	return strings.Join(answers, ", ")
}

// fillRoster loads a roster into the server's database.
func (l *loaded) fillRoster(t *testing.T, user string, items int) {
	t.Helper()
	text := bytes.NewBufferString("{tables,[{roster,[{record_name,roster},{attributes,[usj,us,jid,name,subscription,approved,ask,groups,askmessage,xs]}]}]}.\n")
	for i := range items {
		us, j := fmt.Sprintf(`{<<"%s">>,<<"localhost">>}`, user), fmt.Sprintf(`{<<"contact%d">>,<<"localhost">>,<<>>}`, i)
		fmt.Fprintf(text, `{roster,{<<"%s">>,<<"localhost">>,%s},%s,%s,<<"Contact %d">>,both,false,none,[<<"Friends">>],<<>>,[]}.`+"\n", user, j, us, j, i)
	}
	inside, outside := l.Path("roster.txt")
	require.NoError(t, os.WriteFile(outside, text.Bytes(), 0o644))
	out, err := l.Ctl(t.Context(), "load", inside)
	require.NoError(t, err, out)
}
