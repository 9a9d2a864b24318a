// Package keptjid reads JIDs as servers keep them: accounts and contacts from
// before today's rules, or of servers with other rules, have some that could
// not be made now.
package keptjid

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"mellium.im/xmpp/jid"
)

// errNone refuses what no server keeps as a JID.
var errNone = errors.New("not a JID")

// ParseNew reads a JID that may be made now, by today's rules (RFC 7622). One
// that reads otherwise when it is read again is none: of two dots at a domain's
// end, the library would leave one.
func ParseNew(s string) (jid.JID, error) {
	j, err := jid.Parse(s)
	if err != nil {
		return jid.JID{}, err
	}
	if again, err := jid.Parse(j.String()); err != nil || !again.Equal(j) {
		return jid.JID{}, errNone
	}
	return j, nil
}

// Parse reads a JID: as ParseNew does where that is one, else as it is, if it has
// the form of one.
func Parse(s string) (jid.JID, error) {
	if j, err := ParseNew(s); err == nil {
		return j, nil
	}
	j, err := jid.ParseUnsafe(s)
	if err != nil || !utf8.ValidString(s) {
		return jid.JID{}, errNone
	}
	local, domain := j.Localpart(), j.Domainpart()
	if d, err := jid.Parse(domain); err == nil && d.Equal(d.Domain()) {
		domain = d.Domainpart() // as everybody else of that host has it
	}
	if strings.HasPrefix(s, "@") || !isLocal(local) || !isDomain(domain) {
		return jid.JID{}, errNone
	}
	return jid.NewUnsafe(local, domain, j.Resourcepart()).JID, nil
}

// Exact reads a JID exactly as it stands, as a server has written it: that has
// prepared it by rules of its own, and knows it by this spelling alone.
func Exact(s string) (jid.JID, error) {
	j, err := jid.ParseUnsafe(s)
	if err != nil || j.Domainpart() == "" || strings.HasPrefix(s, "@") || !utf8.ValidString(s) {
		return jid.JID{}, errNone
	}
	return j.JID, nil
}

// Domain is a host as it stands.
func Domain(host string) jid.JID { return jid.NewUnsafe("", host, "").JID }

// Account is the account of a host, both as they stand.
func Account(local, host string) jid.JID { return jid.NewUnsafe(local, host, "").JID }

// isLocal says whether a local part has nothing in it that no server lets in
// (RFC 7622 §3.3.1), or that cannot be seen.
func isLocal(s string) bool {
	return !strings.ContainsAny(s, `"&'/:<>@`) &&
		!strings.ContainsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) })
}

// isDomain says whether a domain part has labels of letters, digits, - and _.
func isDomain(s string) bool {
	return !strings.Contains("."+s+".", "..") && !strings.ContainsFunc(s, func(r rune) bool {
		return r != '.' && r != '-' && r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
}
