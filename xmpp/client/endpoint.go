package client

import (
	"cmp"
	"context"
	"errors"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/net/idna"
)

// clientPort is what servers listen on for clients (RFC 6120 §14.7).
const clientPort = "5222"

// endpoint is one place where a server may be.
type endpoint struct {
	addr   string // host:port
	secure bool   // TLS from the first byte (XEP-0368)
}

// endpoints are where a domain's server may be, in the order in which to try.
func (d *Dialer) endpoints(ctx context.Context, a Account) ([]endpoint, error) {
	if a.Server != "" {
		return []endpoint{{addr: withPort(a.Server)}}, nil
	}
	domain := ascii(a.JID.Domainpart())
	var direct, plain []*net.SRV
	var asking sync.WaitGroup
	// An error is no more than no records: the domain itself is left then. And
	// records may come together with an error about others of them.
	asking.Go(func() { _, direct, _ = d.LookUp(ctx, "xmpps-client", "tcp", domain) })
	asking.Go(func() { _, plain, _ = d.LookUp(ctx, "xmpp-client", "tcp", domain) })
	asking.Wait()
	found := inOrder(direct, plain)
	switch {
	case len(found) > 0:
		return found, nil
	case len(plain) > 0:
		return nil, errors.New("its DNS says that it has none")
	}
	return []endpoint{{addr: net.JoinHostPort(domain, clientPort)}}, nil // RFC 6120 §3.2.2
}

// inOrder makes one list of both kinds of records, as XEP-0368 §3 has it. Those
// of equal priority are shuffled by weight already.
func inOrder(direct, plain []*net.SRV) []endpoint {
	type ranked struct {
		endpoint
		priority uint16
	}
	var all []ranked
	for i, records := range [][]*net.SRV{direct, plain} {
		for _, r := range records {
			if r.Target == "." {
				continue // decidedly none (RFC 2782)
			}
			addr := net.JoinHostPort(strings.TrimSuffix(r.Target, "."), strconv.Itoa(int(r.Port)))
			all = append(all, ranked{endpoint{addr: addr, secure: i == 0}, r.Priority})
		}
	}
	slices.SortStableFunc(all, func(a, b ranked) int { return cmp.Compare(a.priority, b.priority) })
	var found []endpoint
	for _, r := range all {
		found = append(found, r.endpoint)
	}
	return found
}

func withPort(server string) string {
	if _, _, err := net.SplitHostPort(server); err == nil {
		return server
	}
	return net.JoinHostPort(strings.Trim(server, "[]"), clientPort)
}

// ascii is a domain as DNS and certificates have it (RFC 5890 §2.3.2.1).
func ascii(domain string) string {
	if a, err := idna.Lookup.ToASCII(domain); err == nil {
		return a
	}
	return domain
}
