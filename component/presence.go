package component

import (
	"context"
	"errors"
	"runtime/debug"
	"slices"

	"mellium.im/xmpp/stanza"

	"emanagement/xmpp/address"
)

// OnPresence registers f, which is called with every presence to an address at the
// component's domain that wants an answer (RFC 6121 §3, §4.3): subscribe, unsubscribe
// and probe. Each call has a goroutine of its own. The context ends as a Handler's
// does. OnPresence must be called before Run.
func (c *Component) OnPresence(f func(ctx context.Context, p stanza.Presence)) { c.onPresence = f }

// receivePresence takes a presence off the reader. It drops presences that want no
// answer, and those that are too large.
func (s *session) receivePresence(in inbound) {
	wantAnswer := []stanza.PresenceType{stanza.SubscribePresence, stanza.UnsubscribePresence, stanza.ProbePresence}
	if s.onPresence == nil || in.TooLarge || len(in.Raw) > s.cfg.MaxRequest || !slices.Contains(wantAnswer, stanza.PresenceType(in.attr("type"))) {
		return
	}
	from, ferr := in.address("from")
	to, terr := in.address("to")
	if err := errors.Join(ferr, terr); err != nil || !address.SameHost(to.Domainpart(), s.cfg.JID.Domainpart()) {
		s.log.Debug("a presence was dropped", "from", in.attr("from"), "to", in.attr("to"), "why", err)
		return
	}
	p := stanza.Presence{XMLName: in.Start.Name, ID: in.attr("id"), From: from, To: to, Type: stanza.PresenceType(in.attr("type"))}
	if !s.pool.start(p.From.Bare().String(), func() { s.handlePresence(s.work, p) }) {
		s.log.Warn("a presence was dropped: too many requests at once", "from", p.From)
	}
}

func (c *Component) handlePresence(ctx context.Context, p stanza.Presence) {
	ctx, cancel := context.WithTimeout(withRequester(ctx, p.From.Bare().String()), c.timing.request)
	defer cancel()
	defer func() {
		if r := recover(); r != nil {
			c.log.Error("the handler of presences panicked", "panic", r, "stack", string(debug.Stack()))
		}
	}()
	c.onPresence(ctx, p)
}
