package address

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"unicode"

	"mellium.im/xmpp/jid"

	"emanagement/xmpp/nodeprep"
)

var port = regexp.MustCompile(`:[0-9]+$`)

// hint says what may have been meant by what is no JID; "" where nobody knows.
func hint(s string) string {
	s = strings.TrimSpace(s)
	if strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return ""
	}
	for _, scheme := range []string{"xmpp:", "mailto:"} {
		if rest, ok := strings.CutPrefix(strings.ToLower(s), scheme); ok {
			rest, _, _ = strings.Cut(rest, "?")
			if plain, err := url.PathUnescape(rest); err == nil {
				rest = plain
			}
			return fmt.Sprintf("leave out %s and what follows a ?: %s", scheme, rest)
		}
	}
	if inner, ok := strings.CutPrefix(s, "<"); ok && strings.HasSuffix(inner, ">") {
		return "leave out the < and >"
	}
	if at, slash := strings.Index(s, "@"), strings.Index(s, "/"); slash >= 0 && slash < at {
		return slashed
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
	case found && local != "" && strings.ContainsAny(domain[max(0, len(domain)-1):], ",;") && isDomain(domain[:len(domain)-1]):
		return "leave out the " + domain[len(domain)-1:] + " at its end"
	case found && local != "" && whyNoLocal(local) == "" && isDomain(domain):
		return "servers would keep it, but RFC 7622 has no such name of an account, and many clients refuse it"
	case found && local != "":
		return whyNoLocal(local)
	}
	return ""
}

// slashed is what to do about a name with a slash in it.
const slashed = `in the name of an account, '/' is written \2f (XEP-0106)`

// isSlashed says whether a JID is more likely a name with a slash in it than the
// resource of a host: AC/DC@example.org.
func isSlashed(j jid.JID) bool {
	return j.Localpart() == "" && strings.Contains(j.Resourcepart(), "@")
}

// whyNoLocal says why servers take no such local part; "" where they do.
func whyNoLocal(local string) string {
	if _, ok := nodeprep.Node(local); ok {
		return ""
	}
	for _, r := range local {
		switch {
		case strings.ContainsRune(` "&'/:<>@`, r):
			return fmt.Sprintf(`in the name of an account, %q is written \%02x (XEP-0106)`, r, r)
		case nodeprep.IsUnassigned(r):
			return fmt.Sprintf("servers take no %U in the name of an account, which is younger than their rules (Nodeprep, RFC 3920 appendix A)", r)
		}
	}
	if strings.ContainsFunc(local, func(r rune) bool {
		return unicode.In(r, unicode.Arabic, unicode.Hebrew, unicode.Syriac, unicode.Thaana)
	}) {
		return "servers take the name of an account in letters written from right to left only if it begins and ends with one, and has no others (Nodeprep, RFC 3454 §6)"
	}
	return "servers do not take that name of an account (Nodeprep, RFC 3920 appendix A)"
}
