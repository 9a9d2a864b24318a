package component

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"time"

	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"

	"emanagement/xmpp/address"
)

// Config says which component this is and where its server listens.
type Config struct {
	JID     jid.JID // the component's domain
	Address string  // host:port, tls://host:port or unix:/path, see CheckAddress
	Secret  []byte  // shared with the server (XEP-0114 §3)

	// Hosts are those to serve. Empty: every host that grants access.
	Hosts []string

	// MaxStanza is how many bytes the server takes in one stanza (max_stanza_size
	// of ejabberd's listener). 0: as many as there are, until it refuses one.
	MaxStanza int

	Name    string // of the software, for disco#info and jabber:iq:version
	Version string

	Log *slog.Logger
}

// timing holds the durations of a component; tests shorten them.
type timing struct {
	handshake time.Duration // from dialling to being known to the server
	grant     time.Duration // from the handshake to a host's grant
	ask       time.Duration // from sending a request to its reply
	slow      time.Duration // after which a request's slot goes to others
	request   time.Duration // from a request to us to our reply
	drain     time.Duration // for requests under way when stopped
	giveUp    time.Duration // for those told that they are out of time
	close     time.Duration // for the server's own end of stream
	write     time.Duration // for one write
	watch     time.Duration // between two looks at a host
	watchSoon time.Duration // the same in a stream's first minute
	backoff   backoff
	healthy   time.Duration // a stream that lived so long resets the backoff
}

func defaultTiming() timing {
	return timing{
		handshake: 20 * time.Second,
		grant:     10 * time.Second,
		ask:       10 * time.Second,
		slow:      time.Second,
		request:   5 * time.Minute,
		drain:     7 * time.Second,
		giveUp:    3 * time.Second,
		close:     15 * time.Second,
		write:     30 * time.Second,
		watch:     30 * time.Second,
		watchSoon: 5 * time.Second,
		backoff:   backoff{min: time.Second, max: time.Minute},
		healthy:   time.Minute,
	}
}

const (
	// windowSize is how many requests are in flight at once: measured, more
	// are slower on ejabberd with Mnesia.
	windowSize = 16
	// maxRequests is how many requests to us are worked on at once, half of
	// them for one asker; what comes on top is refused with
	// resource-constraint.
	maxRequests = 4096
)

// Component is one XMPP component. Configure it with Handle, Discover and
// OnGrant, then Run it. Its other methods may be used by many goroutines at
// once, while it runs.
type Component struct {
	cfg      Config
	log      *slog.Logger
	timing   timing
	board    *board
	window   *window
	sizes    sizes
	silences silences
	refusals silences // hosts that forbid what is needed, kept apart in the same way
	// ungranted is how long a stream is kept on which no host grants access.
	// One stream's goroutine uses it at a time.
	ungranted backoff

	handlers map[handlerKey]Handler
	disco    discovery
	onGrant  []func(ctx context.Context, host string)

	onPresence func(ctx context.Context, p stanza.Presence)
	onMessage  func(ctx context.Context, m Message)

	mail     mail         // messages to us that wait
	crew     *crew        // the goroutines that work on requests to us
	overflow chan Request // requests that found no place in it

	dial func(ctx context.Context, addr string) (net.Conn, error)
}

// New returns a component that is not yet running. The error says which field
// of the configuration is wrong.
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
	c := &Component{
		cfg: cfg, log: cfg.Log, timing: defaultTiming(),
		board: newBoard(), window: newWindow(windowSize),
		ungranted: backoff{min: time.Minute, max: time.Hour},
		handlers:  make(map[handlerKey]Handler),
		mail:      mail{waiting: make(map[string][]Message)},
		crew:      newCrew(maxRequests),
		overflow:  make(chan Request, maxRequests),
		dial:      dial,
	}
	c.sizes.limit = cfg.MaxStanza
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	c.handleBasics()
	return c, nil
}

// JID is the component's domain.
func (c *Component) JID() jid.JID { return c.cfg.JID }

// MaxStanza is how many bytes the server is known to take in one stanza; 0 where
// that is not known, and where there is no limit.
func (c *Component) MaxStanza() int { return c.sizes.known() }

// Served lists the hosts that have granted access on the current stream, each
// as the server spells it, sorted. It is empty while there is no stream.
func (c *Component) Served() []string { return c.board.served() }

// Serves says whether a host, in any spelling, is one of those.
func (c *Component) Serves(host string) bool { return c.board.serves(host) }

// Spelling returns a host as its server spells it, where it has granted access
// on the current stream; any other host is returned as it is.
func (c *Component) Spelling(host string) string {
	if g, ok := c.board.grant(host); ok {
		return g.host
	}
	return host
}

// Ready waits until the host has granted access. The error is the context's,
// or a *NotGrantedError when the host has not granted any in time (10 s from
// the handshake) or is left out by the configuration.
func (c *Component) Ready(ctx context.Context, host string) error {
	_, err := c.granted(ctx, host)
	return err
}

// Grant waits as Ready does, and returns what the host has granted.
func (c *Component) Grant(ctx context.Context, host string) (Grant, error) {
	for {
		if _, err := c.granted(ctx, host); err != nil {
			return Grant{}, err
		}
		// The stream may have been lost since.
		if g, ok := c.board.grant(host); ok {
			return g.Grant, nil
		}
	}
}

func (c *Component) granted(ctx context.Context, host string) (*link, error) {
	if !c.wants(host) {
		return nil, &NotGrantedError{Host: host, Served: c.cfg.Hosts}
	}
	l, err := c.board.awaitGrant(ctx, host, c.timing.grant)
	if e, ok := errors.AsType[*NotGrantedError](err); ok && len(c.cfg.Hosts) > 0 {
		e.Away = true // for the configuration names it
	}
	return l, err
}

// wants says whether the configuration has a host served.
func (c *Component) wants(host string) bool {
	return len(c.cfg.Hosts) == 0 || address.HasHost(c.cfg.Hosts, host)
}

// Hosts lists the hosts that can be managed, sorted: those that the
// configuration names, or else all that grant access; each as the server spells
// it. It waits for their grants as Ready does, whose errors it has: a
// *NotGrantedError where one of those that are named grants nothing, or nobody
// does.
func (c *Component) Hosts(ctx context.Context) ([]string, error) {
	for _, h := range c.cfg.Hosts {
		if err := c.Ready(ctx, h); err != nil {
			return nil, err
		}
	}
	if len(c.cfg.Hosts) > 0 {
		var hosts []string
		for _, h := range c.cfg.Hosts {
			hosts = append(hosts, c.Spelling(h))
		}
		slices.Sort(hosts)
		return hosts, nil
	}
	hosts, err := c.board.awaitHosts(ctx, c.timing.grant)
	if err == nil && len(hosts) == 0 {
		err = &NotGrantedError{Away: true}
	}
	return hosts, err
}

// Connected waits until there is a stream.
func (c *Component) Connected(ctx context.Context) error {
	_, err := c.board.awaitLink(ctx)
	return err
}

// OnGrant has f called, in a goroutine of its own, whenever a host grants
// access on a new stream. The context ends with that stream. To be called
// before Run.
func (c *Component) OnGrant(f func(ctx context.Context, host string)) {
	c.onGrant = append(c.onGrant, f)
}

// Send sends a stanza once, as soon as there is a stream. Where it has no
// from, it is given the component's domain (XEP-0114 §3 asks for from and
// to). An error that wraps ErrDisconnected leaves open whether it arrived.
func (c *Component) Send(ctx context.Context, start xml.StartElement, payload xml.TokenReader) error {
	l, err := c.board.awaitLink(ctx)
	if err != nil {
		return err
	}
	if start, err = c.addressed(start); err != nil {
		return err
	}
	text, err := encode(start, payload)
	if err != nil {
		return err
	}
	return l.send(text, nil)
}

// Ask sends an IQ request and decodes the child of its result into v, unless
// v is nil or there is no child; a *Content takes it undecoded. It waits for
// the host's grant, for its turn in the window, and then up to 10 s for the
// reply. Errors: *NotGrantedError (nothing was sent), *TimeoutError, a
// stanza.Error (the server's answer), one wrapping ErrDisconnected, the
// context's.
func (c *Component) Ask(ctx context.Context, typ stanza.IQType, to jid.JID, payload xml.TokenReader, v any) error {
	l, host, slot, err := c.turn(ctx, to.Domainpart())
	if err != nil {
		return err
	}
	if host != to.Domainpart() {
		to = jid.NewUnsafe(to.Localpart(), host, to.Resourcepart()).JID
	}
	answered := false
	defer func() { slot.done(answered) }()
	asking, cancel := context.WithTimeoutCause(ctx, c.timing.ask, &TimeoutError{To: to.String(), After: c.timing.ask})
	defer cancel()
	iq := stanza.IQ{Type: typ, To: to, From: c.cfg.JID}
	in, err := l.ask(asking, iq, payload, c.timing.slow, slot.overdue)
	if err != nil {
		return err
	}
	answered = true
	if in.attr("type") == string(stanza.ErrorIQ) {
		err := in.stanzaError()
		if Condition(err) == stanza.Forbidden {
			l.forbade(host)
		}
		return err
	}
	switch v := v.(type) {
	case nil:
		return nil
	case *Content:
		v.in = in
		return nil
	}
	if err := in.decodeChild(v); err != nil {
		return fmt.Errorf("%s: an answer that cannot be read: %w", to, err)
	}
	return nil
}

// turn waits for a host's grant and for a slot of the window, and has both in
// the end, with the host as its server spells it. The stream may change while it waits for the slot: then it waits
// for the grant anew, and not with the slot in its hands.
func (c *Component) turn(ctx context.Context, host string) (*link, string, *lease, error) {
	for {
		if _, err := c.granted(ctx, host); err != nil {
			return nil, "", nil, err
		}
		slot, err := c.window.acquire(ctx, address.PrepareHost(host), asker(ctx))
		if err != nil {
			return nil, "", nil, err
		}
		if l, spelled := c.board.grantedOn(host); l != nil {
			return l, spelled, slot, nil
		}
		slot.done(false)
	}
}

type askerKey struct{}

// WithAsker names on whose behalf requests under this context are made: the
// window is shared fairly among askers.
func WithAsker(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, askerKey{}, name)
}

func asker(ctx context.Context) string {
	name, _ := ctx.Value(askerKey{}).(string)
	return name
}

// Run connects and serves until the context ends, reconnecting whenever the
// stream is lost. It returns nil when stopped, and an error only at the first
// start: when the server refuses for good (ErrNotAuthorized, ErrConflict) or
// the address cannot be right. When stopped it refuses new requests, lets
// those under way finish (up to 7 s, after which their contexts end and they
// have 3 s to put in order what they began), says goodbye and returns. It may
// be called once; whatever is asked or sent after that fails at once.
func (c *Component) Run(ctx context.Context) error {
	// Requests under way outlive a stream, for their replies can go out on the
	// next one, and the stop itself, for a while.
	work, abort := context.WithCancelCause(context.WithoutCancel(ctx))
	defer c.crew.wait(context.WithoutCancel(ctx))
	defer c.board.stop()
	defer abort(errStopped)
	defer c.crew.close()

	wait := c.timing.backoff
	for first := true; ; {
		began := time.Now()
		l, err := c.connect(ctx)
		if err == nil {
			first = false
			err = c.serve(ctx, work, abort, l)
		}
		if ctx.Err() != nil {
			return nil
		}
		if _, ok := errors.AsType[*refusal](err); ok && first {
			return err
		}
		if time.Since(began) >= c.timing.healthy {
			wait.reset()
		}
		// Counted from the attempt's start: a long-lived stream is replaced at
		// once.
		pause := max(0, wait.next()-time.Since(began))
		if errors.Is(err, ErrClosed) {
			// A server that refuses says so. One that only closes the stream may do so for
			// the sake of what it was asked: others have not deserved to wait.
			pause = min(pause, time.Second)
		}
		c.log.Warn("not connected", "server", c.cfg.Address, "why", err, "next_try_in", pause.Round(time.Millisecond))
		if !sleep(ctx, pause) {
			return nil
		}
	}
}

func (c *Component) connect(ctx context.Context) (*link, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timing.handshake)
	defer cancel()
	raw, err := c.dial(ctx, c.cfg.Address)
	if err != nil {
		return nil, err
	}
	conn := steadyConn{raw, c.timing.write}
	if err := negotiate(ctx, conn, c.cfg.JID, c.cfg.Secret); err != nil {
		raw.Close() // if this fails too, nobody wants to know
		return nil, err
	}
	return newLink(conn, &c.sizes, c.log), nil
}

// serve runs one stream to its end and returns why it ended. abort ends work.
func (c *Component) serve(ctx, work context.Context, abort context.CancelCauseFunc, l *link) error {
	streamCtx, endStream := context.WithCancel(work)
	defer endStream()
	s := &serving{Component: c, link: l, ctx: streamCtx, work: work}
	c.log.Info("connected", "server", c.cfg.Address, "jid", c.cfg.JID)
	c.window.forgive()
	c.board.connected(l)

	var reader sync.WaitGroup
	reader.Go(func() { l.read(s.receive) })
	s.helpers.Go(s.refuseOverflow)
	s.helpers.Go(s.reportMissing)
	s.helpers.Go(s.refuseOwed)

	select {
	case <-l.done:
	case <-ctx.Done():
		c.drain(l, abort)
		l.end(errStopped)
	}
	endStream() // first, or what waits for grants would take this for their end
	c.board.disconnected()
	l.goodbye(c.timing.close, &reader)
	s.helpers.Wait() // after the reader, which could still have added to them
	c.log.Info("stream ended", "why", l.cause())
	if limit := c.sizes.ended(l.cause()); limit > 0 {
		c.log.Error("the server ended the stream because of a stanza's size; from now on none is sent that is as large; in ejabberd.yml, raise max_stanza_size of the component's listener, or name it here as max_stanza_size", "bytes", limit+1)
	}
	return l.cause()
}

// drain lets the requests under way finish while the stream lasts, for a
// while; then it has them put in order what they began.
func (c *Component) drain(l *link, abort context.CancelCauseFunc) {
	c.crew.close()
	if c.crew.waitFor(c.timing.drain, l.done) {
		return
	}
	abort(errStopped)
	if !c.crew.waitFor(c.timing.giveUp, l.done) {
		c.log.Warn("stopping: requests still under way are abandoned", "after", c.timing.drain+c.timing.giveUp)
	}
}

// sleep waits for d and reports whether the context outlasted it.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
