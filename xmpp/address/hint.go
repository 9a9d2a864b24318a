package address

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"mellium.im/xmpp/jid"

	"emanagement/xmpp/nodeprep"
)

var port = regexp.MustCompile(`:[0-9]+$`)

// hint returns a hint how to correct a text that is not a JID, or "".
func hint(s string) string {
	s = strings.TrimSpace(s)
	if !isPrintable(s) {
		return ""
	}
	for _, scheme := range []string{"xmpp:", "mailto:"} {
		if rest, ok := strings.CutPrefix(strings.ToLower(s), scheme); ok {
			rest, _, _ = strings.Cut(rest, "?")
			if plain, err := url.PathUnescape(rest); err == nil && isPrintable(plain) {
				rest = plain
			}
			return fmt.Sprintf("leave out %s and what follows a ?: %s", scheme, rest)
		}
	}
	if inner, ok := strings.CutPrefix(s, "<"); ok && strings.HasSuffix(inner, ">") {
		return "leave out the < and >"
	}
	if at, slash := strings.Index(s, "@"), strings.Index(s, "/"); slash >= 0 && slash < at {
		return slashHint
	}
	bare, _, _ := strings.Cut(s, "/")
	local, domain, found := strings.Cut(bare, "@")
	switch {
	case found && strings.Contains(domain, "@"):
		i := strings.LastIndex(bare, "@")
		return fmt.Sprintf(`it has more than one @; an account that is named like an address is written %s@%s (XEP-0106)`, strings.ReplaceAll(bare[:i], "@", `\40`), bare[i+1:])
	case found && local != "" && domain != "" && port.MatchString(domain):
		return "leave out the port"
	case found && local != "" && strings.Contains(domain, "?"):
		return "leave out the ? and what follows it"
	case found && local != "" && strings.ContainsAny(domain[max(0, len(domain)-1):], ",;") && isValidDomain(domain[:len(domain)-1]):
		return "leave out the " + domain[len(domain)-1:] + " at its end"
	case found && local != "" && localProblem(local) == "" && isValidDomain(domain):
		return "servers would accept it, but RFC 7622 does not allow that name of an account, and many clients refuse it"
	case found && local != "":
		return localProblem(local)
	}
	return ""
}

// isPrintable reports whether a hint may repeat a text.
func isPrintable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// slashHint is the hint for an account's name that contains a slash.
const slashHint = `in the name of an account, '/' is written \2f (XEP-0106)`

// hasSlashInLocal reports whether a JID is more likely an account whose name contains a
// slash, such as AC/DC@example.org, than a host with a resource.
func hasSlashInLocal(j jid.JID) bool {
	return j.Localpart() == "" && strings.Contains(j.Resourcepart(), "@")
}

// localProblem returns why servers refuse a local part, or "" if they allow it.
func localProblem(local string) string {
	if _, ok := nodeprep.Local(local); ok {
		return ""
	}
	for _, r := range local {
		switch {
		case strings.ContainsRune(` "&'/:<>@`, r):
			return fmt.Sprintf(`in the name of an account, %q is written \%02x (XEP-0106)`, r, r)
		case nodeprep.IsUnassigned(r):
			return fmt.Sprintf("servers refuse %U in the name of an account: it is newer than their rules (Nodeprep, RFC 3920 appendix A)", r)
		}
	}
	if strings.ContainsFunc(local, func(r rune) bool {
		return unicode.In(r, unicode.Arabic, unicode.Hebrew, unicode.Syriac, unicode.Thaana)
	}) {
		return "servers accept letters written from right to left in the name of an account only if it begins and ends with one, and has no other letters (Nodeprep, RFC 3454 §6)"
	}
	return "servers refuse that name of an account (Nodeprep, RFC 3920 appendix A)"
}
