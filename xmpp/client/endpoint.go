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

// clientPort is the port on which servers listen for clients (RFC 6120 §14.7).
const clientPort = "5222"

// endpoint is an address at which a server may listen for clients.
type endpoint struct {
	addr      string // host:port
	directTLS bool   // TLS from the first byte (XEP-0368)
}

// endpoints returns the addresses of an account's server, in the order in which to try
// them. It looks them up in DNS if the account names no server.
func (d *Dialer) endpoints(ctx context.Context, a Account) ([]endpoint, error) {
	if a.Server != "" {
		return []endpoint{{addr: withPort(a.Server)}}, nil
	}
	domain := asciiDomain(a.JID.Domainpart())
	var direct, startTLS []*net.SRV
	var lookups sync.WaitGroup
	// An error counts as no records: the domain itself is tried then. Valid records
	// may come together with an error about the others.
	lookups.Go(func() { _, direct, _ = d.LookUp(ctx, "xmpps-client", "tcp", domain) })
	lookups.Go(func() { _, startTLS, _ = d.LookUp(ctx, "xmpp-client", "tcp", domain) })
	lookups.Wait()
	found := byPriority(direct, startTLS)
	switch {
	case len(found) > 0:
		return found, nil
	case len(startTLS) > 0:
		return nil, errors.New("its DNS says that it has none")
	}
	return []endpoint{{addr: net.JoinHostPort(domain, clientPort)}}, nil // RFC 6120 §3.2.2
}

// byPriority merges both kinds of SRV records into one list by priority, as XEP-0368 §3
// demands. The resolver has already shuffled those of equal priority by weight.
func byPriority(direct, startTLS []*net.SRV) []endpoint {
	type ranked struct {
		endpoint
		priority uint16
	}
	var all []ranked
	for i, records := range [][]*net.SRV{direct, startTLS} {
		for _, r := range records {
			if r.Target == "." {
				continue // the service is not available at this domain (RFC 2782)
			}
			addr := net.JoinHostPort(strings.TrimSuffix(r.Target, "."), strconv.Itoa(int(r.Port)))
			all = append(all, ranked{endpoint{addr: addr, directTLS: i == 0}, r.Priority})
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

// asciiDomain returns a domain in A-labels, as DNS and certificates have it (RFC 5890
// §2.3.2.1). A domain without A-labels is returned unchanged.
func asciiDomain(domain string) string {
	if a, err := idna.Lookup.ToASCII(domain); err == nil {
		return a
	}
	return domain
}
