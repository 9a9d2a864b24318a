package verb

import (
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/verb/wire"
)

// logbook is the text of a log that several goroutines write.
type logbook struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logbook) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

// take returns the lines since it was last called, without what stands around the message
// and its first attributes.
func (l *logbook) take() (lines []string) {
	synctest.Wait() // for the timer's goroutine
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.text.String()) {
		_, line, _ = strings.Cut(strings.TrimSpace(line), "msg=")
		line, _, _ = strings.Cut(line, " since=")
		lines = append(lines, line)
	}
	l.text.Reset()
	return lines
}

func newTestRefusals() (r *refusals, written func() []string) {
	log := new(logbook)
	return newRefusals(slog.New(slog.NewTextHandler(log, nil))), log.take
}

// admitted reports how many of n refusals get a line of their own.
func admitted(r *refusals, requester string, n int) (lines int) {
	for range n {
		if r.admit(requester) {
			lines++
		}
	}
	return lines
}

// remembered returns the number of requesters that are counted.
func remembered(r *refusals) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.counts)
}

// TestRefusalsAreCounted checks that a requester's first refusals in a minute get a line
// each, and all others one line when the minute is over.
func TestRefusalsAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, written := newTestRefusals()
		for range 3 {
			assert.Equal(t, maxRefusalLines, admitted(r, "a@a.example", 5000))
			assert.Equal(t, maxRefusalLines, admitted(r, "b@a.example", maxRefusalLines))
			time.Sleep(refusalPeriod / 2)
			assert.Zero(t, admitted(r, "a@a.example", 5000))
			assert.Equal(t, 1, admitted(r, "c@a.example", 1))
			time.Sleep(refusalPeriod/2 - 1)
			assert.Empty(t, written())
			time.Sleep(time.Nanosecond)
			assert.Equal(t, []string{fmt.Sprintf("refused asker=a@a.example count=%d", 10_000-maxRefusalLines)}, written())
		}
		time.Sleep(time.Hour)
		assert.Empty(t, written())

		// Few refusals in many minutes get a line each.
		for range 100 {
			assert.Equal(t, maxRefusalLines, admitted(r, "a@a.example", maxRefusalLines))
			time.Sleep(refusalPeriod)
		}
		assert.Empty(t, written())

		// What was counted is written when the program stops, and only once.
		assert.Equal(t, maxRefusalLines, admitted(r, "a@a.example", maxRefusalLines+1))
		r.flush()
		assert.Equal(t, []string{"refused asker=a@a.example count=1"}, written())
		r.flush()
		time.Sleep(time.Hour)
		assert.Empty(t, written())
	})
}

// TestRefusalsOfMany checks that any number of requesters cost bounded memory and a bounded
// number of lines, and that no refusal is lost.
func TestRefusalsOfMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, written := newTestRefusals()
		const requesters, each = 3 * maxRefused, 20
		lines := 0
		for i := range requesters {
			lines += admitted(r, fmt.Sprintf("s%d@far.example", i), each)
		}
		assert.Equal(t, (maxRefused+1)*maxRefusalLines, lines)
		assert.Equal(t, maxRefused+1, remembered(r))
		time.Sleep(refusalPeriod)
		counted := 0
		for _, line := range written() {
			var n int
			_, number, _ := strings.Cut(line, "count=")
			_, err := fmt.Sscan(number, &n)
			require.NoError(t, err)
			counted += n
		}
		assert.Equal(t, requesters*each, lines+counted)
		assert.Zero(t, remembered(r))
		assert.Equal(t, maxRefusalLines, admitted(r, "s299@far.example", each), "a new minute")
	})
}

// TestRefusedRequestsAreLimited checks that requests which are refused for their role or
// their host share the limit of their requester, at any resource, and that nobody else does.
func TestRefusedRequestsAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newTestNamespace(t.Context())
		refuse := func(requester jid.JID, verb string, pairs ...string) {
			_, err := n.run(t, requester, verb, pairs...)
			require.Equal(t, wire.Forbidden, wire.KindOf(err))
		}
		for i := range 5000 {
			refuse(jid.MustParse(fmt.Sprintf("stranger@a.example/%d", i)), "getRoster")
			refuse(limited, "getRoster", "userJid", "u@b.example")
		}
		refuse(mate, "removeAllRosters")
		n.Flush()
		records := n.records.String()
		assert.Equal(t, maxRefusalLines, strings.Count(records, "msg=forbidden run=")-strings.Count(records, "asker=limited@a.example/r")-1)
		assert.Equal(t, maxRefusalLines, strings.Count(records, "asker=limited@a.example/r"))
		assert.Equal(t, 1, strings.Count(records, "asker=mate@a.example/r"))
		for _, requester := range []string{"stranger@a.example", "limited@a.example"} {
			assert.Equal(t, 1, strings.Count(records, fmt.Sprintf("msg=refused asker=%s count=%d since=", requester, 5000-maxRefusalLines)))
		}
		assert.Equal(t, 2*maxRefusalLines+1+2, strings.Count(records, "\n"))
	})
}
