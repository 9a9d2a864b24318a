package address_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/xmpp/address"
)

// addresses are the seeds of the fuzzers.
var addresses = []string{
	"", "@", "a@", "@b", "/r", "b", "a@b", "A@B.Example./R", "a@b/", "a@b@c", "a@b/c@d/e", "AC/DC@b", "strauß@b", "علی\u200cرضا@h", "♥@b", "♥x@b..", "a@xn--bcher-kva.example",
	"a@BÜCHER.example", "q@my_host", "a@[::1]", "a@b:5222", "a@b,", "<a@b>", "xmpp:a@b?message", "mailto:a%00b@c", "xmpp:%zz@b", "\xff@b", "a\x00@b", "a@\u202eb", "a@。", "a@b。c", "😀@b", "a@b/ r ",
	"a@xn--", "..", "a@B\u0307", "a@\u00ad", "ﬁ@ﬁ", "a@b/\u0001", "ⴰⵎ@h", "a@ß", "İ@İ",
}

// FuzzParse: a JID that was parsed prints as a text that parses to the same JID. What may be
// created may also be there, and may be stored.
func FuzzParse(f *testing.F) {
	for _, s := range addresses {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for name, parse := range map[string]func(string) (jid.JID, error){
			"new": address.ParseNew, "any": address.Parse, "stored": address.ParseStored, "verbatim": address.ParseVerbatim,
		} {
			j, err := parse(s)
			if err != nil {
				checkRefusal(t, err)
				assert.Equal(t, jid.JID{}, j)
				continue
			}
			require.NotEmpty(t, j.Domainpart(), name)
			again, err := parse(j.String())
			require.NoError(t, err, "%s: %q is %q", name, s, j)
			require.Equal(t, j.String(), again.String(), name)
			require.Equal(t, [3]string{j.Localpart(), j.Domainpart(), j.Resourcepart()}, [3]string{again.Localpart(), again.Domainpart(), again.Resourcepart()}, name)
			require.True(t, utf8.ValidString(j.String()))
		}
		created, err := address.ParseNew(s)
		if err == nil {
			parsed, err := address.Parse(s)
			require.NoError(t, err)
			require.Equal(t, created.String(), parsed.String())
		}
		parsed, err := address.Parse(s)
		if err == nil {
			require.Equal(t, parsed.Domainpart(), address.HostOf(s))
			require.Equal(t, parsed.String(), address.Prepare(parsed).String())
			stored, err := address.ParseStored(parsed.String())
			require.NoError(t, err, "%q", s)
			require.True(t, address.Equal(parsed, stored))
		}
		if stored, err := address.ParseStored(s); err == nil {
			require.Equal(t, s, stored.String(), "the spelling is kept")
		}
		if host, err := address.ParseDomain(s); err == nil {
			require.NotEmpty(t, host)
			again, err := address.ParseDomain(host)
			require.NoError(t, err, "%q is %q", s, host)
			require.Equal(t, host, again)
		} else {
			checkRefusal(t, err)
		}
	})
}

// checkRefusal checks that an error is one line of text.
func checkRefusal(t *testing.T, err error) {
	require.True(t, strings.HasPrefix(err.Error(), "not a JID"), err)
	require.True(t, utf8.ValidString(err.Error()), "%q", err)
	require.NotContains(t, err.Error(), "\n")
}

// FuzzEqual: each JID equals itself and its prepared form. Neither the order of two JIDs nor
// their preparation changes whether they are equal.
func FuzzEqual(f *testing.F) {
	for i, s := range addresses {
		f.Add(s, addresses[(i+1)%len(addresses)])
		f.Add(s, strings.ToUpper(s)+".")
	}
	f.Fuzz(func(t *testing.T, s, o string) {
		a, aErr := address.ParseVerbatim(s)
		b, bErr := address.ParseVerbatim(o)
		if aErr != nil || bErr != nil {
			return
		}
		require.True(t, address.Equal(a, a))
		require.True(t, address.Equal(a, address.Prepare(a)), "%q", s)
		equal := address.Equal(a, b)
		require.Equal(t, equal, address.Equal(b, a))
		require.Equal(t, equal, address.Equal(address.Prepare(a), b))
		hosts := []string{a.Domainpart()}
		require.Equal(t, address.SameHost(a.Domainpart(), b.Domainpart()), address.HasHost(hosts, b.Domainpart()))
		if equal {
			require.Equal(t, address.HostOf(s), address.HostOf(o))
		}
		for _, host := range []string{a.Domainpart(), b.Domainpart()} {
			prepared := address.PrepareHost(host)
			require.Equal(t, prepared, address.PrepareHost(prepared), "%q", host)
		}
	})
}
