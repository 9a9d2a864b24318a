package client

import "mellium.im/xmpp/jid"

// Account is an account and how to reach its server.
type Account struct {
	JID      jid.JID // bare or full; a full JID asks for its resource
	Password string
	// Server is the server's host:port, or a host, whose port is 5222 then. If it is
	// empty, DNS tells (RFC 6120 §3.2). The certificate must be the JID's domain's in
	// any case.
	Server string
}
