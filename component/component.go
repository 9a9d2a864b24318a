package component

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"
)

// Component is one XMPP component. Configure it with Handle, Discover, OnGrant,
// OnMessage and OnPresence, then call Run. Its other methods are safe for
// concurrent use while it runs.
type Component struct {
	cfg      Config
	log      *slog.Logger
	timing   timing
	registry *registry
	window   *window
	sizes    sizeLimit
	silent   hostBackoff // limits reconnects for hosts that do not answer
	refusing hostBackoff // limits reconnects for hosts that forbid what is needed
	// grantBackoff is how long a stream is kept on which a grant is missing. Only
	// reportMissing uses it, of which one runs at a time.
	grantBackoff backoff

	handlers map[handlerKey]Handler
	disco    discovery
	onGrant  []func(ctx context.Context, host string)
	onBreak  []func(ctx context.Context)

	onPresence func(ctx context.Context, p stanza.Presence)
	onMessage  func(ctx context.Context, m Message)

	queue    messageQueue // messages to us that wait for their handler
	pool     *pool        // the goroutines that work on requests to us
	turns    *window      // of the requests to us; all count as those of one host
	budget   *budget      // the bytes of the requests and messages to us
	overflow chan refusal // of requests that found no place

	dial func(ctx context.Context, addr string) (net.Conn, error)
}

// New returns a component that does not run yet. The error names the field of the
// configuration that is wrong.
func New(cfg Config) (*Component, error) {
	if cfg.JID.Domainpart() == "" || !cfg.JID.Equal(cfg.JID.Domain()) {
		return nil, fmt.Errorf("jid: %q is not a domain", cfg.JID)
	}
	if err := CheckAddress(cfg.Address); err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	if len(cfg.Secret) == 0 {
		return nil, errors.New("secret: empty")
	}
	if len(cfg.Hosts) == 0 {
		return nil, errors.New("hosts: none named")
	}
	if cfg.Probe == nil {
		return nil, errors.New("probe: missing")
	}
	cfg.MaxRequest, cfg.MaxAnswer = cmp.Or(cfg.MaxRequest, DefaultMaxRequest), cmp.Or(cfg.MaxAnswer, DefaultMaxAnswer)
	c := &Component{
		cfg: cfg, log: cfg.Log, timing: defaultTiming(),
		registry: newRegistry(), window: newWindow(windowSize),
		grantBackoff: backoff{min: 5 * time.Second, max: time.Hour},
		handlers:     make(map[handlerKey]Handler),
		queue:        messageQueue{waiting: make(map[string][]Message)},
		pool:         newPool(maxRequests),
		turns:        newWindow(maxWorking),
		budget:       newBudget(max(maxBytes, 2*cfg.MaxRequest)),
		overflow:     make(chan refusal, maxRefusals),
		dial:         dial,
	}
	c.sizes.limit = cfg.MaxStanza
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	c.handleBasics()
	return c, nil
}

// JID returns the component's domain.
func (c *Component) JID() jid.JID { return c.cfg.JID }

// MaxStanza returns the number of bytes that the server is known to accept in one
// stanza, or 0 if no limit is known.
func (c *Component) MaxStanza() int { return c.sizes.current() }

// Connected waits until there is a stream. It returns an error if the context ends or
// Run has returned.
func (c *Component) Connected(ctx context.Context) error {
	_, err := c.registry.awaitLink(ctx)
	return err
}

// OnBreak registers f, which is called after each stream that ended before the server had
// ended it. The server may have been killed, and may have carried out any part of what it
// was asked. Run waits for f before it connects again. OnBreak must be called before Run.
func (c *Component) OnBreak(f func(ctx context.Context)) { c.onBreak = append(c.onBreak, f) }

// OnGrant registers f, which is called in a goroutine of its own whenever a host
// grants access on a new stream. Its context ends with that stream. OnGrant must be
// called before Run.
func (c *Component) OnGrant(f func(ctx context.Context, host string)) {
	c.onGrant = append(c.onGrant, f)
}
