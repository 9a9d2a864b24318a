package verb

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/presence"
	"emanagement/verb/wire"
	"emanagement/xmpp/address"
)

const ownDomain = "emanagement.a.example"

// parsed is the parsed value of the parameter p, in the field for its kind.
type parsed struct {
	jid    string
	text   string
	list   []string
	jids   []string
	number int
}

func parseOne(k Kind, required bool, values ...string) (parsed, []string, error) {
	v := &Verb{Params: []Param{{Name: "p", Label: "P", Kind: k, Required: required}}}
	a, err := v.parse(ownDomain, sameSpelling, DefaultLimits(), map[string][]string{"p": values, "other": {"x"}})
	if err != nil {
		return parsed{}, nil, err
	}
	got := parsed{text: a.str("p"), list: a.strings("p")}
	if j := a.jid("p"); !j.Equal(jid.JID{}) {
		got.jid = j.String()
	}
	for _, j := range a.jidList("p") {
		got.jids = append(got.jids, j.String())
	}
	got.number, _ = a.number("p")
	return got, a.hosts, nil
}

func TestArgumentsOfEveryKind(t *testing.T) {
	all := []string{All}
	at := func(hosts ...string) []string { return hosts }
	for _, test := range []struct {
		kind   Kind
		values []string
		want   parsed
		hosts  []string // that the verb concerns
	}{
		{User, []string{" U@A.Example./phone\n"}, parsed{jid: "u@a.example"}, at("a.example")},
		{Contact, []string{"B@b.example/phone"}, parsed{jid: "B@b.example"}, at("b.example")},
		{Contact, []string{"foo@bar.org:5222"}, parsed{jid: "foo@bar.org:5222"}, at("bar.org:5222")},
		{Contact, []string{"x@example.co,"}, parsed{jid: "x@example.co,"}, at("example.co,")},
		{Contact, []string{"x@bar.org?subject=x"}, parsed{jid: "x@bar.org?subject=x"}, at("bar.org?subject=x")},
		{Contact, []string{"x@a*b"}, parsed{jid: "x@a*b"}, at("a*b")},
		{Contact, []string{"x@y:z"}, parsed{jid: "x@y:z"}, at("y:z")},
		{Contact, []string{"x@a b"}, parsed{jid: "x@a b"}, at("a b")},
		{Contact, []string{"eva@example.org."}, parsed{jid: "eva@example.org."}, at("example.org.")},
		{Recipient, []string{"x@xn--bcher-kva.example/r"}, parsed{jid: "x@bücher.example/r"}, at("bücher.example")},
		{User, []string{"علی\u200cرضا@a.example"}, parsed{jid: "علیرضا@a.example"}, at("a.example")},
		{User, []string{"AnaB@r3---sn.example"}, parsed{jid: "anab@r3---sn.example"}, at("r3---sn.example")},
		{User, []string{"u@chat_server"}, parsed{jid: "u@chat_server"}, at("chat_server")},
		{Contact, []string{"gateway.example"}, parsed{jid: "gateway.example"}, at("gateway.example")},
		{Session, []string{"u@a.example"}, parsed{jid: "u@a.example"}, at("a.example")},
		{Session, []string{"u@a.example/Phone 1"}, parsed{jid: "u@a.example/Phone 1"}, at("a.example")},
		{Sender, []string{"u@a.example/r"}, parsed{jid: "u@a.example/r"}, at("a.example")},
		{Sender, []string{"SocialStream"}, parsed{jid: "socialstream@" + ownDomain}, all},
		{Sender, []string{"x@" + ownDomain}, parsed{jid: "x@" + ownDomain}, all},
		{Recipient, []string{"u@a.example/r"}, parsed{jid: "u@a.example/r"}, at("a.example")},
		{Recipient, []string{"a.example"}, parsed{jid: "a.example"}, at("a.example")},
		{Recipients, []string{"[x@a.example, Y@b.example/r ,]"}, parsed{jids: []string{"x@a.example", "y@b.example/r"}}, at("a.example", "b.example")},
		{Recipients, []string{"x@a.example", "", " X@a.example ", "y@a.example"}, parsed{jids: []string{"x@a.example", "y@a.example"}}, at("a.example", "a.example", "a.example")},
		{Recipients, []string{"x@a.example\ny@a.example"}, parsed{jids: []string{"x@a.example", "y@a.example"}}, at("a.example", "a.example")},
		{RecipientsOrAll, []string{"[x@a.example]"}, parsed{jids: []string{"x@a.example"}}, at("a.example")},
		{RecipientsOrAll, []string{" all "}, parsed{}, all},
		{Domain, []string{"A.Example."}, parsed{text: "a.example"}, at("a.example")},
		{Domain, []string{"all"}, parsed{text: "all"}, all},
		{Text, []string{"  as it is\t"}, parsed{text: "  as it is\t"}, all},
		{Lines, []string{"one", "", " two "}, parsed{text: "one\n\n two "}, all},
		{Lines, []string{"one\ntwo"}, parsed{text: "one\ntwo"}, all},
		{Groups, []string{"b", "", "a;c"}, parsed{list: []string{"b", "", "a;c"}}, all},
		{Subscription, []string{" both "}, parsed{text: "both"}, all},
		{Show, []string{"available"}, parsed{text: "available"}, all},
		{Show, []string{"dnd"}, parsed{text: "dnd"}, all},
		{Affiliation, []string{"outcast"}, parsed{text: "outcast"}, all},
		{Priority, []string{"-128"}, parsed{number: -128}, all},
		{Priority, []string{" 127"}, parsed{number: 127}, all},
		{Number, []string{"1"}, parsed{number: 1}, all},
		{Number, []string{"1000000"}, parsed{number: 1_000_000}, all},
		{Room, []string{" Tea Party "}, parsed{text: "Tea Party"}, all},
		{Confirm, []string{" A.Example. "}, parsed{text: "a.example"}, all},
		{Confirm, []string{"all"}, parsed{text: "all"}, all},
		{Confirm, []string{"@"}, parsed{text: "@"}, all},
	} {
		got, hosts, err := parseOne(test.kind, true, test.values...)
		require.NoError(t, err, "%d %q", test.kind, test.values)
		assert.Equal(t, test.want, got, "%d %q", test.kind, test.values)
		assert.Equal(t, test.hosts, hosts, "%d %q", test.kind, test.values)
	}
}

func TestArgumentsOfEveryKindRefused(t *testing.T) {
	for _, test := range []struct {
		kind   Kind
		values []string
		why    string
	}{
		{User, []string{"a.example"}, `"a.example" is not a user's JID (user@host)`},
		{User, []string{"u v@a.example"}, `"u v@a.example" is not a JID: in the name of an account, ' ' is written \20 (XEP-0106)`},
		{User, []string{"xmpp:u@a.example?message"}, `"xmpp:u@a.example?message" is not a JID: leave out xmpp: and what follows a ?: u@a.example`},
		{User, []string{"<u@a.example>"}, `"<u@a.example>" is not a JID: leave out the < and >`},
		{User, []string{"me@gmail.com@a.example"}, `"me@gmail.com@a.example" is not a JID: it has more than one @; an account that is named like an address is written me\40gmail.com@a.example (XEP-0106)`},
		{User, []string{"u@a.example:5222"}, `"u@a.example:5222" is not a JID: leave out the port`},
		{User, []string{"u@a.example,"}, `"u@a.example," is not a JID: leave out the , at its end`},
		{Contact, []string{"@"}, `"@" is not a JID`},
		{Contact, []string{"@" + strings.Repeat("é", 500)}, `"@` + strings.Repeat("é", 99) + `…" is not a JID`},
		{Contact, []string{"b@"}, `"b@" is not a JID`},
		{Contact, []string{"AC/DC@a.example"}, `"AC/DC@a.example" is not a JID: in the name of an account, '/' is written \2f (XEP-0106)`},
		{Recipient, []string{"b@a.example:5222"}, `"b@a.example:5222" is not a JID: leave out the port`},
		{Sender, []string{"♥"}, `"♥@emanagement.a.example" is not a JID: servers would accept it, but RFC 7622 does not allow that name of an account, and many clients refuse it`},
		{Session, []string{"a.example/r"}, `"a.example/r" is not a user's JID (user@host)`},
		{Sender, []string{"two words"}, `"two words@emanagement.a.example" is not a JID: in the name of an account, ' ' is written \20 (XEP-0106)`},
		{Sender, []string{"a.example/r"}, `"a.example/r" is not a user's JID (user@host)`},
		{Recipient, []string{"u@"}, `"u@" is not a JID`},
		{Recipients, []string{"[x@a.example,no one@b]"}, `"no one@b" is not a JID: in the name of an account, ' ' is written \20 (XEP-0106)`},
		{Recipients, []string{"[, ]"}, "the list is empty"},
		{Recipients, []string{"[]"}, "the list is empty"},
		{RecipientsOrAll, []string{"[x@a.example,@]"}, `"@" is not a JID`},
		{Domain, []string{"u@a.example"}, `"u@a.example" is not a domain (or all)`},
		{Domain, []string{"a.example/r"}, `"a.example/r" is not a domain (or all)`},
		{Domain, []string{"a b"}, `"a b" is not a domain (or all)`},
		{Subscription, []string{"remove"}, `"remove" is not one of none, to, from, both`},
		{Show, []string{"Away"}, `"Away" is not one of available, away, chat, dnd, xa`},
		{Affiliation, []string{"boss"}, `"boss" is not one of owner, admin, member, outcast, none`},
		{Priority, []string{"-129"}, `"-129" is not a number from -128 to 127`},
		{Priority, []string{"128"}, `"128" is not a number from -128 to 127`},
		{Number, []string{"0"}, `"0" is not a number from 1 to 1000000`},
		{Number, []string{"1e3"}, `"1e3" is not a number from 1 to 1000000`},
		{Number, []string{"99999999999999999999"}, `"99999999999999999999" is not a number from 1 to 1000000`},
		{Host, []string{"all"}, `"all" is not a domain`},
	} {
		_, _, err := parseOne(test.kind, false, test.values...)
		assert.Equal(t, BadArgument("p", test.why), err, "%d %q", test.kind, test.values)
	}
}

// TestEmptyArguments checks that an empty argument counts as none: it is an error if the
// parameter is required.
func TestEmptyArguments(t *testing.T) {
	for _, k := range kinds() {
		for _, values := range [][]string{nil, {""}, {" \t\n "}} {
			_, _, err := parseOne(k, true, values...)
			assert.Equal(t, BadArgument("p", "a value is missing"), err, "%s %q", k, values)
			got, hosts, err := parseOne(k, false, values...)
			require.NoError(t, err)
			assert.Equal(t, []string{All}, hosts)
			if k == Text || k == Lines || k == Groups { // these keep blanks
				got.text, got.list = "", nil
			}
			assert.Equal(t, parsed{}, got, "%s %q", k, values)
		}
		if !k.Multi() {
			_, _, err := parseOne(k, false, "x", "y")
			assert.Equal(t, BadArgument("p", "expected one value, got 2"), err, k)
		}
	}
}

// FuzzArguments checks that every value becomes a value that its kind permits, or is refused
// in one line.
func FuzzArguments(f *testing.F) {
	for _, s := range []string{
		"", "all", "a@b", "a@b/c", "b", "[a@b,c@d]", "[a@b", "a@b\nc@d", "-1", "127", "both", "away", "\x00", "\xff@b", "a@[::1]",
		"\u202e@b", "é@b", "a@b\u2028c", "ﬁ@b", "a@xn--", "..", "a@b..", "a@。", "SocialStream", strings.Repeat("a", 1024) + "@b", "1000001", "+5", "０",
	} {
		for _, k := range kinds() {
			f.Add(int(k), s)
		}
	}
	f.Fuzz(func(t *testing.T, kind int, value string) {
		k := Kind(kind)
		if !slices.Contains(kinds(), k) {
			return
		}
		got, hosts, err := parseOne(k, true, value)
		if err != nil {
			require.Equal(t, wire.Argument, wire.KindOf(err))
			require.NotContains(t, err.Error(), "\n")
			require.True(t, utf8.ValidString(err.Error()))
			return
		}
		require.NotEmpty(t, hosts, "every run concerns a host")
		for _, s := range append(got.jids, got.jid) {
			if s == "" {
				continue
			}
			read := address.Parse
			if k == Contact || k == Recipient || k == Recipients || k == RecipientsOrAll {
				read = address.ParseStored // a server may have stored it like this
			}
			j, err := read(s)
			require.NoError(t, err)
			require.Equal(t, s, j.String(), "the server's own form")
			if k != After && (j.Domainpart() != ownDomain || k != Sender) {
				require.Contains(t, hosts, j.Domainpart())
			}
			if k == User || k == Contact {
				require.Empty(t, j.Resourcepart())
			}
			if k == User || k == Session || k == Sender {
				require.NotEmpty(t, j.Localpart())
			}
		}
		switch {
		case k.Options() != nil:
			require.Contains(t, k.Options(), got.text)
		case k == Domain:
			require.Equal(t, []string{got.text}, hosts)
			require.NotContains(t, got.text, "@")
		case k == Priority:
			require.True(t, got.number >= presence.MinPriority && got.number <= presence.MaxPriority)
		case k == Number:
			require.Positive(t, got.number)
		case k == Recipients:
			require.NotEmpty(t, got.jids)
		case k == Text || k == Lines:
			require.NotContains(t, got.text, "\r")
			text := strings.ReplaceAll(strings.ReplaceAll(value, "\r\n", "\n"), "\r", "\n")
			if k == Text {
				text = strings.TrimRight(text, "\n")
			}
			require.Equal(t, text, got.text)
		}
	})
}

// TestAfterStoredName checks that a list can continue after a user whose name today's rules
// forbid, because servers have such users.
func TestAfterStoredName(t *testing.T) {
	got, _, err := parseOne(After, false, " ♥@A.example ")
	require.NoError(t, err)
	assert.Equal(t, "♥@a.example", got.jid)
	for _, bad := range []string{"♥", "♥@", "@a.example", "♥@a b", "\xff♥@a.example"} {
		_, _, err := parseOne(After, false, bad)
		assert.Error(t, err, "%q", bad)
	}
}

// sameSpelling returns a host as it is, like a server that has no other spelling of it.
func sameSpelling(host string) string { return host }
