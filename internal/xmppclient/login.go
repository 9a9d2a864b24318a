package xmppclient

import (
	"context"
	"fmt"
	"io"
	"net"

	"mellium.im/sasl"
	"mellium.im/xmpp"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"

	"emanagement/xmpp/address"
	"emanagement/xmpp/framing"
)

const (
	nsClient = "jabber:client"
	nsBind   = "urn:ietf:params:xml:ns:xmpp-bind"
)

// connect opens a TCP connection to addr and refuses every peer that is not
// on this machine, because the login that follows is not encrypted.
func connect(ctx context.Context, addr string) (net.Conn, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("xmpp server %s: no connection: %w", addr, err)
	}
	peer, ok := conn.RemoteAddr().(*net.TCPAddr)
	if !ok || !peer.IP.IsLoopback() {
		_ = conn.Close()
		return nil, fmt.Errorf("xmpp server %s: not a loopback address, and this client has no TLS", addr)
	}
	return conn, nil
}

// login negotiates a session as j over conn and returns it ready for stanzas.
// When ctx ends first, conn is closed: mellium takes back the read deadline it
// sets then, so that a waiting read may not notice it.
func login(ctx context.Context, conn net.Conn, j jid.JID, password string) (*xmpp.Session, error) {
	features := []xmpp.StreamFeature{plainTextSASL(password), bindResource(j.Resourcepart())}
	negotiator := xmpp.NewNegotiator(func(*xmpp.Session, *xmpp.StreamConfig) xmpp.StreamConfig {
		return xmpp.StreamConfig{Features: features}
	})
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	session, err := xmpp.NewSession(ctx, j.Domain(), j.Bare(), framing.OneByteConn{Conn: conn}, 0, negotiator)
	if !stop() {
		return nil, fmt.Errorf("login of %s: broken off: %w", j, ctx.Err())
	}
	if err != nil {
		return nil, fmt.Errorf("login of %s: refused or failed: %w", j, err)
	}
	return session, nil
}

// plainTextSASL is mellium's SASL feature without its demand that the stream
// is encrypted. The stream is on loopback, see connect.
func plainTextSASL(password string) xmpp.StreamFeature {
	feature := xmpp.SASL("", password, sasl.ScramSha256, sasl.ScramSha1, sasl.Plain)
	feature.Necessary &^= xmpp.Secure
	return feature
}

// bindResource is mellium's resource binding with its client side replaced:
// the one in v0.22.0 sends an empty <resource/> whatever resource is wanted.
// With resource "" the server chooses.
func bindResource(resource string) xmpp.StreamFeature {
	feature := xmpp.BindResource()
	feature.Negotiate = func(_ context.Context, s *xmpp.Session, _ any) (xmpp.SessionState, io.ReadWriter, error) {
		bound, err := askToBind(s, resource)
		if err != nil {
			return 0, nil, fmt.Errorf("resource binding: %w", err)
		}
		s.UpdateAddr(bound)
		return xmpp.Ready, nil, nil
	}
	return feature
}

// askToBind does the one IQ exchange of resource binding and returns the full
// JID. Nothing else is sent to a client before it has a resource.
func askToBind(s *xmpp.Session, resource string) (jid.JID, error) {
	payload := "<bind" + attribute(nsXMLNS, nsBind)
	if resource == "" {
		payload += "/>"
	} else {
		payload += "><resource>" + escape(resource) + "</resource></bind>"
	}
	if _, err := io.WriteString(s.Conn(), iq(stanza.SetIQ, "bind", "", payload)); err != nil {
		return jid.JID{}, err
	}
	r := s.TokenReader()
	defer func() { _ = r.Close() }()
	reply, err := nextElement(r)
	if err != nil {
		return jid.JID{}, err
	}
	if err := replyError(reply); err != nil {
		return jid.JID{}, err
	}
	bind, _ := reply.Child(nsBind, "bind")
	full, ok := bind.Child(nsBind, "jid")
	if !ok {
		return jid.JID{}, fmt.Errorf("no jid in %s", reply)
	}
	return address.ParseVerbatim(full.Text)
}
