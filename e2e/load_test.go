//go:build load

package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/internal/testserver"
)

const (
	loadRequesters = 100
	loadMemory     = 150              // the program's memory limit in MiB
	loadLimit      = time.Minute      // for one request, and for all answers to one load
	loadPatience   = 15 * time.Second // for another requester's request
	loadRest       = 15 * time.Second // after a load, until the memory at rest is read
)

// TestLoad puts the program under each load in turn, on a server and with a program of its
// own. It measures the memory at the peak and some time later, the longest time that
// another requester waits for a roster meanwhile, and how many of its requests are lost.
func TestLoad(t *testing.T) {
	rows := []string{fmt.Sprintf("%-34s %9s %9s %9s %9s %5s  %s", "load", "took", "peak", "at rest", "waited", "lost", "answers")}
	for _, load := range loads() {
		t.Run(load.name, func(t *testing.T) {
			l := newLoaded(t, load.proxied)
			resetPeak(t, l.program.PID())
			stop := l.askAlways(t)
			began := time.Now()
			answers := load.put(t, l)
			took := time.Since(began)
			waited, lost := stop()
			peak := peakMemory(t, l.program.PID())
			time.Sleep(loadRest)
			rows = append(rows, fmt.Sprintf("%-34s %7.1f s %5d MiB %5d MiB %7.2f s %5d  %s",
				load.name, took.Seconds(), peak, memory(t, l.program.PID(), "VmRSS:"), waited.Seconds(), lost, answers))
			t.Log("\n" + strings.Join(rows, "\n"))
			assert.LessOrEqual(t, peak, loadMemory)
			assert.NotContains(t, l.program.Log(), "panic")
		})
	}
}

// load is what a program is put under.
type load struct {
	name string
	put  func(t *testing.T, l *loaded) (answers string)
	// proxied means that the load is put into the stream to the component. A proxy slows
	// the stream down.
	proxied bool
}

// loaded is a program under load.
type loaded struct {
	*testserver.Server
	proxy   *proxy // nil: there is none
	program *testserver.Program
}

func newLoaded(t *testing.T, proxied bool) *loaded {
	l := &loaded{Server: testserver.Run(t, nil)}
	address := l.ComponentAddr()
	if proxied {
		l.proxy = newProxy(t, address)
		address = l.proxy.address
	}
	registerOn(t, l.Server, "reader@localhost", "any@localhost", "admin@localhost")
	grants := new(strings.Builder)
	grants.WriteString(access)
	for i := range loadRequesters {
		fmt.Fprintf(grants, "  - {jid: load%d@%s, role: write}\n", i, testserver.OtherComponent)
	}
	var err error
	l.program, err = testserver.StartProgram(t.Context(), binary, l.Server, testserver.Settings{Access: grants.String(), Address: address})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, l.program.Stop()) })
	return l
}

// askAlways has another requester read a roster again and again until stop is called, which
// returns the longest time until the answer, and how many requests were lost with a stream.
func (l *loaded) askAlways(t *testing.T) (stop func() (longest time.Duration, lost int)) {
	client := loginTo(t, l.Server, "reader@localhost")
	ctx, cancel := context.WithCancel(t.Context())
	var longest time.Duration
	var lost int
	var asking sync.WaitGroup
	asking.Go(func() {
		for ctx.Err() == nil {
			began := time.Now()
			asking, cancel := context.WithTimeout(t.Context(), loadPatience)
			_, err := client.Run(asking, service, "getRoster", formValues("userJid", "reader@localhost"))
			cancel()
			if errors.Is(err, context.DeadlineExceeded) {
				lost++
				continue
			}
			assert.NoError(t, err)
			longest = max(longest, time.Since(began))
		}
	})
	return func() (time.Duration, int) {
		cancel()
		asking.Wait()
		return longest, lost
	}
}
