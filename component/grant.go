package component

import (
	"encoding/xml"
	"errors"
)

// Namespaces of the grants: ejabberd announces :2 since 24.10, and :1 before
// (XEP-0356 §7).
const (
	nsPrivilege1 = "urn:xmpp:privilege:1"
	nsPrivilege2 = "urn:xmpp:privilege:2"
)

// Grant is what one host permits this component to do (XEP-0356 §4).
type Grant struct {
	// Namespace is the namespace in which the grant was announced. The host accepts
	// the privileged stanzas of this component in it.
	Namespace string
	// Access maps each kind of access ("roster", "message", "presence", "iq") to its
	// type ("both", "get", "outgoing", "managed_entity"; "" for iq).
	Access map[string]string
}

// privilege is the payload of the message that announces a grant.
type privilege struct {
	XMLName xml.Name `xml:"privilege"`
	Perms   []struct {
		Access string `xml:"access,attr"`
		Type   string `xml:"type,attr"`
	} `xml:"perm"`
}

// isGrant reports whether a stanza announces a grant: a message with <privilege/> as
// its first child (XEP-0356 §4.2).
func isGrant(in inbound) bool {
	if in.kind() != "message" {
		return false
	}
	name := in.child().Name
	return name.Local == "privilege" && (name.Space == nsPrivilege1 || name.Space == nsPrivilege2)
}

// grantingHost returns the host that sent such a message. ok is false if another entity sent
// it. The host keeps its spelling, because its server knows no other.
func grantingHost(in inbound) (host string, ok bool) {
	from, err := in.address("from")
	return from.Domainpart(), err == nil && from.Localpart() == "" && from.Resourcepart() == ""
}

// parseGrant reads the grant out of such a message.
func parseGrant(in inbound) (Grant, error) {
	var p privilege
	if err := in.decodeChild(&p); err != nil {
		return Grant{}, err
	}
	g := Grant{Namespace: in.child().Name.Space, Access: make(map[string]string, len(p.Perms))}
	for _, perm := range p.Perms {
		if perm.Type != "none" {
			g.Access[perm.Access] = perm.Type
		}
	}
	if len(g.Access) == 0 {
		return Grant{}, errors.New("it grants nothing")
	}
	return g, nil
}

// receiveGrant takes a message that announces a grant off the reader. Anybody can send such a
// message, so it is decoded only if it comes from a host to be served. A grant that cannot be
// read affects no other host.
func (s *session) receiveGrant(in inbound) {
	host, ok := grantingHost(in)
	if !ok {
		s.log.Debug("a grant was dropped: it does not come from a host itself", "from", in.attr("from"))
		return
	}
	if !s.isConfigured(host) {
		if s.registry.addExcluded(host) {
			s.log.Info("a host announces that it grants access, and is not served", "host", host, "why", &ExcludedError{host, s.cfg.Hosts})
		}
		return
	}
	g, err := parseGrant(in)
	if err != nil {
		s.log.Error("a grant cannot be read, and its host is not served", "host", host, "why", err)
		return
	}
	s.acceptGrant(host, g)
}

// acceptGrant registers a grant and begins to watch its host.
func (s *session) acceptGrant(host string, g Grant) {
	if !s.registry.addGrant(s.link, host, g) {
		return
	}
	s.log.Info("granted", "host", host, "access", g.Access)
	if s.cfg.CheckGrant != nil {
		if err := s.cfg.CheckGrant(g); err != nil {
			s.link.setForbidding(host)
			s.log.Warn("a host grants too little", "host", host, "why", err)
		}
	}
	// The reader calls this while serve holds the helpers open, so serve waits for
	// these goroutines too.
	s.helpers.Go(func() { s.watch(host) })
	for _, f := range s.onGrant {
		s.helpers.Go(func() { f(s.ctx, host) })
	}
}
