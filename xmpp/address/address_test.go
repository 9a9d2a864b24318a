package address_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/xmpp/address"
)

func TestParse(t *testing.T) {
	for s, want := range map[string][3]string{
		"a@b":            {"a", "b", ""},
		"A@B.Example/R":  {"a", "b.example", "R"},
		"b":              {"", "b", ""},
		"♥x@Localhost.":  {"♥x", "localhost", ""},
		"x²@localhost/r": {"x2", "localhost", "r"},
		"q@my_host":      {"q", "my_host", ""},
		"my_host":        {"", "my_host", ""},
		`a\20b@c`:        {`a\20b`, "c", ""},
	} {
		t.Run(s, func(t *testing.T) {
			j, err := address.Parse(s)
			require.NoError(t, err)
			assert.Equal(t, want, [3]string{j.Localpart(), j.Domainpart(), j.Resourcepart()})
		})
	}
	for _, s := range []string{
		"", "@", "a@", "@b", "/r", "a@/r", "a b@c", "♥ x@c", "♥x@c d", "a@b@c", "♥@b@c", "♥'@b", "♥x@b..", "♥x@.b", "♥x@b..c", "a@b..", "♥\x00@b", "♥\u200e@b", "♥\xff@b", "\xff@b", "+5", "♥x@b+c", "♥x@[::1", "$(id)@a b",
	} {
		_, err := address.Parse(s)
		assert.Error(t, err, s)
	}
}

// TestParseNew: a new JID must be allowed by RFC 7622 and by servers.
func TestParseNew(t *testing.T) {
	for s, want := range map[string]string{
		"a@b": "a@b", "A@B.Example./R": "a@b.example/R", "strauß@b": "strauss@b", "علی\u200cرضا@h": "علیرضا@h", "b": "b", "a@chat_server": "a@chat_server",
		"a@xn--bcher-kva.example": "a@bücher.example", "a@r3---sn.example": "a@r3---sn.example", `o\27brien@h`: `o\27brien@h`,
		"محمد2@h": "", "ⴰⵎⴰⵣⵉⵖ@h": "", "a\u0d7a@h": "", "♥@h": "", "a@b:5222": "", "a@b,": "", "a@a*b": "", "a@b@c": "", "a@b/": "", "": "",
	} {
		j, err := address.ParseNew(s)
		assert.Equal(t, want == "", err != nil, "%q %v", s, err)
		assert.Equal(t, want, j.String(), "%q", s)
	}
	for s, why := range map[string]string{
		"محمد2@h": "from right to left", "ⴰⵎⴰⵣⵉⵖ@h": "U+2D30", "a\u0d7a@h": "U+0D7A", "o'brien@h": `\27`, "ac/dc@h": "", "a b@h": `\20`,
	} {
		_, err := address.ParseNew(s)
		if why != "" {
			assert.ErrorContains(t, err, why, "%q", s)
		}
	}
}

func TestEqual(t *testing.T) {
	for _, test := range []struct {
		a, b string
		same bool
	}{
		{"eva@example.org", "eva@example.org.", true}, {"ben@bücher.example", "ben@xn--bcher-kva.example", true}, {"AnaB@h", "anab@H", true}, {"علی\u200cرضا@h", "علیرضا@h", true},
		{"a@straße.example", "a@strasse.example", false}, // two domains (IDNA 2008)
		{"a@h", "b@h", false}, {"a@h/r", "a@h", false}, {"a@chat_server", "a@chat-server", false},
		{"a@h。", "a@h", true}, {"a@h..", "a@h", false},
	} {
		a, err := address.ParseVerbatim(test.a)
		require.NoError(t, err)
		b, err := address.ParseVerbatim(test.b)
		require.NoError(t, err)
		assert.Equal(t, test.same, address.Equal(a, b), "%s %s", test.a, test.b)
	}
}
