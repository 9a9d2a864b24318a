package client

import "mellium.im/xmpp/jid"

// Account is an account and how to reach its server.
type Account struct {
	JID      jid.JID // bare or full; a full JID requests its resource
	Password string
	// Server is the server's host:port, or a host, whose port is then 5222. If it is
	// empty, DNS names the server (RFC 6120 §3.2). In either case the certificate must
	// be valid for the domain of the JID.
	Server string
}
