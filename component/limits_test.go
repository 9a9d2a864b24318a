package component

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestLargeRequests: a request beyond the limit is refused before it is decoded, and the
// text names the limit. Others are served.
func TestLargeRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		release := make(chan struct{})
		r.holds(release)
		r.run()
		p := r.accept()
		p.send("<iq type='set' id='large' from='a@localhost/r' to='%s'><hold xmlns='urn:test'>%s</hold></iq>", service, strings.Repeat("x", r.c.cfg.MaxRequest))
		e := p.hears()
		assert.Equal(t, "large", e.Attrs["id"])
		assert.Equal(t, "error", e.Attrs["type"])
		assert.Equal(t, "policy-violation", e.Children[1].Children[0].Name.Local)
		assert.Contains(t, e.Children[1].Children[1].Text, fmt.Sprint(r.c.cfg.MaxRequest))
		p.sendHold("small")
		close(release)
		assert.Equal(t, "result", p.hears().Attrs["type"])
		synctest.Wait()
		assert.Zero(t, r.c.budget.used)
	})
}

// TestRequestsAreBoundedInBytes: beyond the limit in bytes a request is refused, although
// there is a place for it.
func TestRequestsAreBoundedInBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.c.budget = newBudget(10_000)
		release := make(chan struct{})
		r.holds(release)
		r.run()
		p := r.accept()
		for i := range 4 {
			p.send("<iq type='set' id='%d' from='a@localhost/r' to='%s'><hold xmlns='urn:test'>%s</hold></iq>", i, service, strings.Repeat("x", 2000))
		}
		for _, id := range []string{"2", "3"} {
			e := p.hears()
			assert.Equal(t, id, e.Attrs["id"])
			assert.Equal(t, "resource-constraint", e.Children[1].Children[0].Name.Local)
		}
		close(release)
		for range 2 {
			assert.Equal(t, "result", p.hears().Attrs["type"])
		}
		synctest.Wait()
		assert.Zero(t, r.c.budget.used)
	})
}

// TestLargeAnswer: an answer beyond the limit fails its own request. Others are answered.
func TestLargeAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.c.cfg.MaxAnswer = 10_000
		r.run()
		p := r.accept("localhost")
		large, small := r.asks("a@localhost"), r.asks("b@localhost")
		for range 2 {
			e := p.hears()
			content := ""
			if e.Attrs["to"] == "a@localhost" {
				content = strings.Repeat("<item/>", 2000)
			}
			p.answer(e, "<query xmlns='jabber:iq:roster'>"+content+"</query>")
		}
		assert.Equal(t, &AnswerSizeError{From: "a@localhost", Limit: 10_000}, receive(t, large))
		require.NoError(t, receive(t, small))
	})
}

// TestTurns: more requests than may be worked on at once wait for their turn, and are told to
// try again if it does not come in time.
func TestTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.c.turns = newWindow(1)
		release := make(chan struct{})
		r.holds(release)
		r.run()
		p := r.accept()
		p.sendHold("first")
		p.sendHold("second")
		release <- struct{}{}
		assert.Equal(t, "first", p.hears().Attrs["id"])
		p.sendHold("third")
		pass(r.c.timing.turn)
		e := p.hears()
		assert.Equal(t, "third", e.Attrs["id"])
		assert.Equal(t, "resource-constraint", e.Children[1].Children[0].Name.Local)
		close(release)
		assert.Equal(t, "second", p.hears().Attrs["id"])
		synctest.Wait()
		assert.Zero(t, r.c.budget.used)
		requireUntouched(t, r.c.turns, 1)
	})
}
