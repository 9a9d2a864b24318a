package testserver

import (
	"context"
	"testing"

	"mellium.im/xmpp/jid"

	"emanagement/component"
)

// NewComponent returns a component for a server. change, which may be nil, changes
// its configuration before.
func NewComponent(t testing.TB, s *Server, change func(*component.Config)) *component.Component {
	t.Helper()
	conf := component.Config{JID: jid.MustParse(Component), Address: s.ComponentAddr(), Secret: []byte(Secret), Name: "emanagement", Version: "test"}
	if change != nil {
		change(&conf)
	}
	c, err := component.New(conf)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// RunComponent runs a component until the test ends.
func RunComponent(t testing.TB, c *component.Component) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
