package e2e_test

import (
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/component"
	"emanagement/internal/testserver"
	"emanagement/rosterpush"
	"emanagement/server/ejabberd"
	"emanagement/server/stanzas"
)

// TestTLS runs the program, because the environment determines which
// certificates it trusts.
func TestTLS(t *testing.T) {
	t.Parallel()
	s := testserver.Run(t, nil)
	p, err := testserver.StartProgram(t.Context(), binary, s, testserver.Settings{
		Access: access, Address: s.TLSAddr(), Env: []string{"SSL_CERT_FILE=" + s.CertFile()},
	})
	require.NoError(t, err)
	assert.NoError(t, p.Stop(), p.Log())
}

// TestServerRestartsUnderLoad restarts the server while pairs are set without a
// pause. Every request must succeed, even those that met the loss of the
// stream, because each may be repeated. The server must store every pair as
// requested.
func TestServerRestartsUnderLoad(t *testing.T) {
	t.Parallel()
	s := testserver.Run(t, nil)
	p := newProxy(t, s.ComponentAddr())
	c := testserver.NewComponent(t, s, func(c *component.Config) { c.Address = p.address })
	rosters := rosterpush.New(stanzas.New(c, ejabberd.New(c), slog.New(slog.DiscardHandler)))
	testserver.RunComponent(t, c)
	ctx := shortContext(t)

	user := func(i int64) string { return fmt.Sprintf("user%d@localhost", i) }
	half := func(i int64) rosterpush.Half {
		return rosterpush.Half{User: jid.MustParse(user(i)), Name: fmt.Sprint("peer of ", i)}
	}
	var pairs atomic.Int64
	setAnotherPair := func() error {
		n := pairs.Add(1)
		_, err := rosters.SetPair(ctx, half(2*n), half(2*n+1))
		return err
	}
	require.NoError(t, setAnotherPair())
	var load sync.WaitGroup
	defer load.Wait()
	over := make(chan struct{})
	end := sync.OnceFunc(func() { close(over) })
	defer end()
	for range 16 {
		load.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
				}
				if !assert.NoError(t, setAnotherPair()) {
					return
				}
			}
		})
	}
	lost := func() int { return p.read(func() int { return p.lost }) }
	for lost() == 0 { // until a request has met the loss, usually in the first round
		require.NoError(t, s.Stop(ctx))
		require.NoError(t, s.Start(ctx))
		require.NoError(t, setAnotherPair(), "the server has granted access again")
	}
	end()
	load.Wait()
	t.Logf("%d pairs; %d requests were unanswered when the server stopped", pairs.Load(), lost())
	for n := range pairs.Load() {
		a, b := 2*n+2, 2*n+3
		require.Equal(t, []storedItem{{user(b), fmt.Sprint("peer of ", a), "both", []string{}}}, storedRoster(t, s, user(a)))
		require.Equal(t, []storedItem{{user(a), fmt.Sprint("peer of ", b), "both", []string{}}}, storedRoster(t, s, user(b)))
	}
}
