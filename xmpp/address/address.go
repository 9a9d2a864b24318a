// Package address reads JIDs as servers keep them: accounts and contacts from
// before today's rules, or of servers with other rules, have some that could
// not be made now. Servers know an account by what they have prepared of its
// name, and a host by one spelling.
package address

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"mellium.im/xmpp/jid"

	"emanagement/xmpp/nodeprep"
)

// Error refuses what is no JID. Why says what may have been meant, or is empty.
type Error struct{ Why string }

func (e *Error) Error() string {
	if e.Why == "" {
		return "not a JID"
	}
	return "not a JID: " + e.Why
}

// ParseNew reads a JID that may be made now: by today's rules (RFC 7622), and by
// those of the servers that are to keep it, which are older. Its local part is as
// servers prepare it. The error is an *Error.
func ParseNew(s string) (jid.JID, error) {
	exact, err := Exact(s)
	if err != nil {
		return jid.JID{}, &Error{hint(s)}
	}
	if isSlashed(exact) {
		return jid.JID{}, &Error{slashed}
	}
	local, domain := PrepareLocal(exact.Localpart()), exact.Domainpart()
	// The library lets no host pass that is none of DNS, though servers have them.
	j, err := jid.New(local, "host.example", exact.Resourcepart())
	if err != nil || !isDomain(domain) || strings.HasSuffix(s, "/") {
		return jid.JID{}, &Error{hint(s)}
	}
	if _, ok := nodeprep.Node(local); local != "" && !ok {
		return jid.JID{}, &Error{whyNoLocal(exact.Localpart())}
	}
	return jid.NewUnsafe(local, PrepareHost(domain), j.Resourcepart()).JID, nil
}

// Parse reads the JID of an entity at a host that may be ours: as ParseNew does
// where that is one, else with its local part as it stands. The error is an
// *Error.
func Parse(s string) (jid.JID, error) {
	if j, err := ParseNew(s); err == nil {
		return j, nil
	}
	j, err := ParseKept(s)
	if err != nil || !isDomain(j.Domainpart()) {
		return jid.JID{}, &Error{hint(s)}
	}
	if why := whyNoLocal(j.Localpart()); j.Localpart() != "" && why != "" {
		return jid.JID{}, &Error{why} // no server has let that account be made
	}
	return jid.NewUnsafe(PrepareLocal(j.Localpart()), PrepareHost(j.Domainpart()), j.Resourcepart()).JID, nil
}

// ParseDomain reads a host, in its prepared form. The error is an *Error.
func ParseDomain(s string) (string, error) {
	if !isDomain(s) || strings.ContainsAny(s, "@/") {
		return "", &Error{hint(s)}
	}
	return PrepareHost(s), nil
}

// ParseKept reads a JID exactly as it stands, if a server may keep it so. The
// error is an *Error.
func ParseKept(s string) (jid.JID, error) {
	j, err := Exact(s)
	if isSlashed(j) || err != nil || !isKeptLocal(PrepareLocal(j.Localpart())) || !isKeptDomain(j.Domainpart()) || strings.HasSuffix(s, "/") {
		return jid.JID{}, &Error{hint(s)}
	}
	return j, nil
}

// Exact reads a JID exactly as it stands, as a server has written it: that has
// prepared it by rules of its own, and knows it by this spelling alone.
func Exact(s string) (jid.JID, error) {
	j, err := jid.ParseUnsafe(s)
	if err != nil || j.Domainpart() == "" || strings.HasPrefix(s, "@") || !utf8.ValidString(s) {
		return jid.JID{}, &Error{}
	}
	return j.JID, nil
}

// Domain is a host as it stands.
func Domain(host string) jid.JID { return jid.NewUnsafe("", host, "").JID }

// Account is the account of a host, both as they stand.
func Account(local, host string) jid.JID { return jid.NewUnsafe(local, host, "").JID }

// PrepareLocal returns a local part as servers prepare it, by which two spellings
// of an account are one. What they would refuse is returned as it is.
func PrepareLocal(local string) string {
	if prepared, ok := nodeprep.Node(local); ok {
		return prepared
	}
	return local
}

// Prepare returns a JID whose local part is as servers prepare it. The host keeps
// its spelling.
func Prepare(j jid.JID) jid.JID {
	return jid.NewUnsafe(PrepareLocal(j.Localpart()), j.Domainpart(), j.Resourcepart()).JID
}

// Equal says whether two JIDs are of one entity: the resources are equal, and so
// are the hosts and the local parts as servers prepare them.
func Equal(a, b jid.JID) bool {
	return a.Resourcepart() == b.Resourcepart() && SameHost(a.Domainpart(), b.Domainpart()) && PrepareLocal(a.Localpart()) == PrepareLocal(b.Localpart())
}

// isDomain says whether a domain is one that may be named anew: labels of
// letters, digits, - and _, or what the library takes, such as an IP address.
func isDomain(s string) bool {
	if strings.HasPrefix(s, ".") || strings.Contains(s, "..") {
		return false
	}
	if d, err := jid.Parse(s); err == nil && d.Equal(d.Domain()) {
		again, err := jid.Parse(d.String()) // of two dots at the end, it leaves one
		return err == nil && again.Equal(d)
	}
	s = PrepareHost(s)
	return len(s) <= maxDomain && !strings.Contains("."+s+".", "..") && !strings.ContainsFunc(s, func(r rune) bool {
		return r != '.' && r != '-' && r != '_' && !unicode.In(r, unicode.L, unicode.M, unicode.Nd)
	})
}

// maxDomain is how long a domain may be, in bytes (RFC 7622 §3.2).
const maxDomain = 1023

// isKeptLocal says whether a local part has nothing in it that no server lets in
// (RFC 3920 §A.5), or that cannot be seen.
func isKeptLocal(s string) bool {
	return !strings.ContainsAny(s, `"&'/:<>@`) &&
		!strings.ContainsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) })
}

// isKeptDomain says the same of a domain. Servers were seen to keep nearly
// anything: ports, commas, queries, and a blank that had been another one.
func isKeptDomain(s string) bool {
	return len(s) <= maxDomain && strings.TrimSpace(s) != "" && !strings.ContainsFunc(PrepareHost(s), func(r rune) bool { return !unicode.IsPrint(r) })
}
