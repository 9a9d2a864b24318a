package address

import (
	"slices"
	"strings"

	"golang.org/x/net/idna"
)

// hosts maps a domain as programs do that look it up (UTS 46), but lets pass
// what servers were seen to have: an underscore, two hyphens in a row.
var hosts = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false), idna.CheckHyphens(false), idna.VerifyDNSLength(false))

// PrepareHost returns the form of a host by which two spellings of it are
// compared: lower case, U-labels (RFC 5890 §2.3.2.1), and no dot at its end (RFC
// 7622 §3.2). To a server they may be different hosts, so what is sent keeps the
// spelling that the server uses.
func PrepareHost(host string) string {
	if isPlainHost(host) {
		return host
	}
	host = strings.TrimSuffix(host, ".")
	if prepared, err := hosts.ToUnicode(host); err == nil {
		return prepared
	}
	return strings.ToLower(host)
}

// isPlainHost says whether a host is its own prepared form, as nearly all are.
func isPlainHost(host string) bool {
	for i := range len(host) {
		b := host[i]
		if !('a' <= b && b <= 'z' || '0' <= b && b <= '9' || b == '.' || b == '-' || b == '_') {
			return false
		}
	}
	return !strings.Contains(host, "xn--") && !strings.HasSuffix(host, ".")
}

// SameHost says whether two spellings are of one host.
func SameHost(a, b string) bool { return a == b || PrepareHost(a) == PrepareHost(b) }

// HasHost says whether a host is among others, in whatever spelling.
func HasHost(hosts []string, host string) bool {
	return slices.ContainsFunc(hosts, func(h string) bool { return SameHost(h, host) })
}

// HostOf is the prepared host of an address, "" where that is none.
func HostOf(address string) string {
	j, err := Exact(address)
	if err != nil {
		return ""
	}
	return PrepareHost(j.Domainpart())
}
