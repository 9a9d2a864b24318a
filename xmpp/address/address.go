// Package address parses and compares JIDs as servers store them. Some accounts and
// contacts have JIDs that RFC 7622 does not allow: they are older than it, or belong to
// servers with other rules. A server identifies an account by its prepared local part,
// and a host by one spelling.
package address

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"mellium.im/xmpp/jid"

	"emanagement/xmpp/nodeprep"
)

// Error refuses a text that is not a JID.
type Error struct {
	Why string // the reason or a hint how to correct the text; may be empty
}

func (e *Error) Error() string {
	if e.Why == "" {
		return "not a JID"
	}
	return "not a JID: " + e.Why
}

// ParseNew parses a JID that may be created now: both RFC 7622 and the older rules of the
// servers that store it (Nodeprep) allow it. The local part of the result is prepared as
// servers do it, and its host by PrepareHost. The error is an *Error.
func ParseNew(s string) (jid.JID, error) {
	verbatim, err := ParseVerbatim(s)
	if err != nil {
		return jid.JID{}, &Error{hint(s)}
	}
	if hasSlashInLocal(verbatim) {
		return jid.JID{}, &Error{slashHint}
	}
	local, domain := PrepareLocal(verbatim.Localpart()), verbatim.Domainpart()
	// jid.New accepts the hosts of DNS only, but servers have others.
	j, err := jid.New(local, "host.example", verbatim.Resourcepart())
	if err != nil || !isValidDomain(domain) || strings.HasSuffix(s, "/") {
		return jid.JID{}, &Error{hint(s)}
	}
	if _, ok := nodeprep.Local(local); local != "" && !ok {
		return jid.JID{}, &Error{localProblem(verbatim.Localpart())}
	}
	return jid.NewUnsafe(local, PrepareHost(domain), j.Resourcepart()).JID, nil
}

// Parse parses the JID of an entity that may be at a managed host. It accepts what
// ParseNew accepts, and a local part that servers allow although RFC 7622 does not. The
// result is prepared like that of ParseNew. The error is an *Error.
func Parse(s string) (jid.JID, error) {
	if j, err := ParseNew(s); err == nil {
		return j, nil
	}
	j, err := ParseStored(s)
	if err != nil || !isValidDomain(j.Domainpart()) {
		return jid.JID{}, &Error{hint(s)}
	}
	if why := localProblem(j.Localpart()); j.Localpart() != "" && why != "" {
		return jid.JID{}, &Error{why} // no server can have created that account
	}
	return jid.NewUnsafe(PrepareLocal(j.Localpart()), PrepareHost(j.Domainpart()), j.Resourcepart()).JID, nil
}

// ParseDomain parses a host and returns it as PrepareHost does. The error is an *Error.
func ParseDomain(s string) (string, error) {
	if !isValidDomain(s) || strings.ContainsAny(s, "@/") {
		return "", &Error{hint(s)}
	}
	return PrepareHost(s), nil
}

// ParseStored parses a JID that a server may have stored, such as that of a contact, and
// keeps its spelling. The error is an *Error.
func ParseStored(s string) (jid.JID, error) {
	j, err := ParseVerbatim(s)
	if hasSlashInLocal(j) || err != nil || !mayBeStoredLocal(PrepareLocal(j.Localpart())) || !mayBeStoredDomain(j.Domainpart()) || strings.HasSuffix(s, "/") {
		return jid.JID{}, &Error{hint(s)}
	}
	return j, nil
}

// ParseVerbatim parses a JID that a server has sent, and keeps its spelling: the server
// has prepared it by its own rules, and knows it by this spelling only. It checks no more
// than that there is a domain and that the text is valid UTF-8. The error is an *Error.
func ParseVerbatim(s string) (jid.JID, error) {
	j, err := jid.ParseUnsafe(s)
	if err != nil || j.Domainpart() == "" || strings.HasPrefix(s, "@") || !utf8.ValidString(s) {
		return jid.JID{}, &Error{}
	}
	return j.JID, nil
}

// Domain returns the JID of a host. It keeps the spelling and checks nothing.
func Domain(host string) jid.JID { return jid.NewUnsafe("", host, "").JID }

// Account returns the JID of an account. It keeps the spelling and checks nothing.
func Account(local, host string) jid.JID { return jid.NewUnsafe(local, host, "").JID }

// PrepareLocal returns a local part as servers prepare it: two spellings of one account
// have the same prepared form. A local part that servers refuse is returned unchanged.
func PrepareLocal(local string) string {
	if prepared, ok := nodeprep.Local(local); ok {
		return prepared
	}
	return local
}

// Prepare returns a JID with its local part prepared by PrepareLocal. The host keeps its
// spelling.
func Prepare(j jid.JID) jid.JID {
	return jid.NewUnsafe(PrepareLocal(j.Localpart()), j.Domainpart(), j.Resourcepart()).JID
}

// Equal reports whether two JIDs identify the same entity: the prepared local parts, the
// prepared hosts and the resources are equal.
func Equal(a, b jid.JID) bool {
	if a.Equal(b) {
		return true // as nearly always, when they are equal at all
	}
	return a.Resourcepart() == b.Resourcepart() && SameHost(a.Domainpart(), b.Domainpart()) && PrepareLocal(a.Localpart()) == PrepareLocal(b.Localpart())
}

// isValidDomain reports whether a new JID may have a domain. It allows labels of letters,
// digits, - and _, and what the library allows, such as an IP address.
func isValidDomain(s string) bool {
	prepared := PrepareHost(s)
	if len(prepared) > maxPart || strings.Contains("."+prepared+".", "..") {
		return false // also for the label xn--, which stands for an empty one
	}
	if d, err := jid.Parse(s); err == nil && d.Equal(d.Domain()) {
		again, err := jid.Parse(d.String()) // of two dots at the end, Parse removes only one
		return err == nil && again.Equal(d)
	}
	return !strings.ContainsFunc(prepared, func(r rune) bool {
		return r != '.' && r != '-' && r != '_' && !unicode.In(r, unicode.L, unicode.M, unicode.Nd)
	})
}

// maxPart limits each part of a JID, in bytes (RFC 7622 §3.1).
const maxPart = 1023

// mayBeStoredLocal reports whether a server may have stored a local part: it has no
// character that every server refuses (RFC 3920 §A.5), none that is invisible, and is not too
// long.
func mayBeStoredLocal(s string) bool {
	return len(s) <= maxPart && !strings.ContainsAny(s, `"&'/:<>@`) &&
		!strings.ContainsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) })
}

// mayBeStoredDomain reports whether a server may have stored a domain. Servers were seen
// to store nearly everything: ports, commas, queries, and a blank that another character
// was mapped to. Of invisible characters it allows the joiners of a valid domain.
func mayBeStoredDomain(s string) bool {
	return isValidDomain(s) || len(s) <= maxPart && strings.TrimSpace(s) != "" && !strings.ContainsFunc(PrepareHost(s), func(r rune) bool { return !unicode.IsPrint(r) })
}
