package e2e_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"emanagement/front/control"
	"emanagement/internal/testserver"
	"emanagement/rosterpush"
	"emanagement/server/ejabberd"
	"emanagement/server/stanzas"
	"emanagement/store"
	"emanagement/verb"
	"emanagement/verb/jobs"
	"emanagement/verb/work"
)

// journalBatch is the number of requests that each side of the comparison makes in turn.
const journalBatch = 64

// BenchmarkJournalCost compares requests by the control socket, 16 at once, with a journal
// and without. It alternates between the two, so that both have the same server and load.
func BenchmarkJournalCost(b *testing.B) {
	s := testserver.Run(b, nil)
	log := slog.New(slog.DiscardHandler)
	c := testserver.NewComponent(b, s, nil)
	remote := stanzas.New(c, ejabberd.New(c), log)
	state, err := store.Open(b.Context(), b.TempDir(), log)
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, state.Close()) })
	asOrigin := func(ctx context.Context, _ rosterpush.Origin) context.Context { return ctx }
	journaled := rosterpush.NewJournaled(remote, state.Journal(), asOrigin, func(context.Context, rosterpush.Settled) {})
	sides := [2]*http.Client{serveRosters(b, rosterpush.New(remote), log), serveRosters(b, journaled, log)}
	testserver.RunComponent(b, c)
	require.NoError(b, c.Ready(b.Context(), "localhost"))
	for verb, args := range map[string]func(a, b string) []string{
		"addBuddyToRoster":       func(a, b string) []string { return []string{a, b, "B", "Friends", "both"} },
		"setBidireccionalBuddys": func(a, b string) []string { return []string{a, b, "A", "B", "Friends", "Friends"} },
	} {
		b.Run(verb, func(b *testing.B) {
			var took [2]time.Duration
			for round := 0; b.Loop(); round++ {
				for i := range sides {
					side := (i + round) % 2
					took[side] += journalRound(b, sides[side], verb, args)
				}
			}
			b.ReportMetric(took[1].Seconds()/took[0].Seconds(), "with/without")
			b.ReportMetric(took[0].Seconds()*1e3/float64(b.N*journalBatch), "ms/without")
		})
	}
}

// serveRosters serves the verbs about rosters on a control socket of its own.
func serveRosters(b *testing.B, rosters *rosterpush.Rosters, log *slog.Logger) *http.Client {
	path := filepath.Join(b.TempDir(), "control.sock")
	l, err := net.Listen("unix", path)
	require.NoError(b, err)
	root := uint32(0)
	working := work.New()
	services := verb.Services{Rosters: rosters, Jobs: jobs.New(working.Context()), Work: working, Spelling: func(h string) string { return h },
		Hosts: func(context.Context) ([]string, error) { return testserver.Hosts(), nil }}
	namespace := verb.New(services, []verb.Grant{{UID: &root, Role: verb.Admin}}, log, log)
	ctx, stop := context.WithCancel(context.Background())
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := control.Serve(ctx, l, namespace, func(context.Context) error { return nil }, log); err != nil {
			b.Error(err)
		}
	})
	b.Cleanup(func() {
		stop()
		serving.Wait()
	})
	return &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: loadWorkers, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}}}
}

// journalUsers numbers the pairs of users, so that no request is about the users of another.
var journalUsers atomic.Int64

// journalRound makes a batch of requests, and returns how long that took.
func journalRound(b *testing.B, c *http.Client, verb string, args func(a, b string) []string) time.Duration {
	ask := askByControl(c, verb)
	numbers := make(chan int64)
	var asking sync.WaitGroup
	began := time.Now()
	for range loadWorkers {
		asking.Go(func() {
			for n := range numbers {
				one, other := fmt.Sprintf("journal%d-a@localhost", n), fmt.Sprintf("journal%d-b@localhost", n)
				if last := ask(b.Context(), args(one, other)...); last.Result == nil {
					b.Errorf("%+v", last.Error)
				}
			}
		})
	}
	for range journalBatch {
		numbers <- journalUsers.Add(1)
	}
	close(numbers)
	asking.Wait()
	return time.Since(began)
}
