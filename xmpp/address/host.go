package address

import (
	"slices"
	"strings"

	"golang.org/x/net/idna"
)

// hostProfile maps a domain as for a lookup (UTS 46), but allows what the domains of
// servers were seen to have: an underscore, two hyphens in a row.
var hostProfile = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false), idna.CheckHyphens(false), idna.VerifyDNSLength(false))

// PrepareHost returns the form of a host that is used to compare two spellings: lower
// case, U-labels (RFC 5890 §2.3.2.1), and no dot at its end (RFC 7622 §3.2). To a server
// the spellings may be different hosts, so a stanza must have the spelling that the
// server uses.
func PrepareHost(host string) string {
	if isPlainHost(host) {
		return host
	}
	prepared, err := hostProfile.ToUnicode(host)
	if err != nil {
		prepared = strings.ToLower(host)
	}
	// The dot is cut off last, because other full stops become one. Two dots are no end
	// of a host.
	if !strings.HasSuffix(prepared, "..") {
		prepared = strings.TrimSuffix(prepared, ".")
	}
	return prepared
}

// isPlainHost reports quickly whether a host is its own prepared form. Nearly all are.
func isPlainHost(host string) bool {
	for i := range len(host) {
		b := host[i]
		if !('a' <= b && b <= 'z' || '0' <= b && b <= '9' || b == '.' || b == '-' || b == '_') {
			return false
		}
	}
	return !strings.Contains(host, "xn--") && !strings.HasSuffix(host, ".")
}

// SameHost reports whether two spellings denote the same host, see PrepareHost.
func SameHost(a, b string) bool { return a == b || PrepareHost(a) == PrepareHost(b) }

// HasHost reports whether a list contains a host in any spelling.
func HasHost(hosts []string, host string) bool {
	return slices.ContainsFunc(hosts, func(h string) bool { return SameHost(h, host) })
}

// HostOf returns the prepared host of an address, or "" if that is not a JID.
func HostOf(address string) string {
	j, err := ParseVerbatim(address)
	if err != nil {
		return ""
	}
	return PrepareHost(j.Domainpart())
}
