package chat

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/verb"
)

func TestSplit(t *testing.T) {
	for line, want := range map[string][]string{
		"getRoster a@b":          {"getRoster", "a@b"},
		"  a \t b\nc  ":          {"a", "b", "c"},
		`a "b c" 'd e' f\ g`:     {"a", "b c", "d e", "f g"},
		`a "" ''`:                {"a", "", ""},
		`a"b c"d`:                {"ab cd"},
		`"it's" 'a "b"' "\"c\""`: {"it's", `a "b"`, `"c"`},
		`'\n' "\n" \n "\\"`:      {`\n`, `\n`, `\n`, `\`},
		// A backslash is an ordinary character, unless the next one would be special.
		`removeBuddyFromRoster ana@h p\27quinn@h`:    {"removeBuddyFromRoster", "ana@h", `p\27quinn@h`},
		`o\27brien@h a\\b@h d\20\22e@h`:              {`o\27brien@h`, `a\\b@h`, `d\20\22e@h`},
		`C:\Users\ben "C:\My Files\x" '\\srv\a b' \`: {`C:\Users\ben`, `C:\My Files\x`, `\\srv\a b`, `\`},
		`"\\srv\a b" \"a \'b x\“y`:                   {`\srv\a b`, `"a`, `'b`, `x“y`},
		`'it'\''s \x'`:                               {`it's \x`},
		"\"two\nlines\" 'and\ntwo'":                  {"two\nlines", "and\ntwo"},
		`[a@b,c@d] [ a@b , c@d ]`:                    {"[a@b,c@d]", "[", "a@b", ",", "c@d", "]"},
		"Łódź 👩‍👩‍👧 “":                               nil, // opened and not closed
		`--status=“out for lunch”`:                   {"--status=out for lunch"},
		`--nick=‘Ben Smith’`:                         {"--nick=Ben Smith"},
		"a\u00a0b “c\u00a0d”":                        {"a", "b", "c\u00a0d"}, // blanks as phones type them

		// Nothing is expanded.
		"$(reboot) `id` $HOME ${x} ~ ~root": {"$(reboot)", "`id`", "$HOME", "${x}", "~", "~root"},
		`"$(reboot)" "$HOME" '$x'`:          {"$(reboot)", "$HOME", "$x"},
		`* ? [a-z] {a,b} !! #1 a=b`:         {"*", "?", "[a-z]", "{a,b}", "!!", "#1", "a=b"},
		`a; b | c & d > e < f (g)`:          {"a;", "b", "|", "c", "&", "d", ">", "e", "<", "f", "(g)"},
		`$'a\nb'`:                           {`$a\nb`},

		// A phone's quotes.
		"a “b c” d":               {"a", "b c", "d"},
		"a „b c“ d":               {"a", "b c", "d"},
		"a ”b c” d":               {"a", "b c", "d"},
		"a «b c» «» d":            {"a", "b c", "", "d"},
		"a «\u00a0b c\u202f» d":   {"a", "b c", "d"},
		"a »b c« ›d e‹":           {"a", "b c", "d e"},
		"a ‹b c› ‚d e‘ f":         {"a", "b c", "d e", "f"},
		"a ‘b c’ d":               {"a", "b c", "d"},
		"a “” ‘’":                 {"a", "", ""},
		"O’Brien don’t":           {"O’Brien", "don’t"},
		"‘it’s fine’ “it’s fine”": {"it’s fine", "it’s fine"},
		"rock ’n’ roll Hawai‘i":   {"rock", "’n’", "roll", "Hawai‘i"},
		"“a ‘b’ c”":               {"a ‘b’ c"},
		"‘a “b” c’":               {"a “b” c"},
		`“a \” b” \“ ‘a \’`:       {`a \” b`, "“", `a \`},
		"“$(reboot) `id` *”":      {"$(reboot) `id` *"},

		// In a line with straight quotes, curly ones are ordinary characters.
		`"a “b” c" “d`: {"a “b” c", "“d"},
		`'“'`:          {"“"},

		`a "b`: nil, `a 'b`: nil, `a "b\"`: nil, "a “b": nil, "a ‘b": nil, "O'Brien": nil, `5" disk`: nil, "a ‘b’c": nil,
	} {
		got, err := split(line)
		assert.Equal(t, want == nil, err != nil, "%q: %q %v", line, got, err)
		if want != nil {
			assert.Equal(t, want, got, "%q", line)
		}
	}
}

func TestStripQuotation(t *testing.T) {
	for body, want := range map[string]string{
		"":                               "",
		" \n\t ":                         "",
		" a b\n":                         "a b",
		"a\nb":                           "a\nb",
		"> This removes 5.\n> Yes?\nyes": "yes",
		">a\n\n > b\n\n c > d":           "c > d",
		"> only this":                    "",
		"a\n> b":                         "a\n> b",
	} {
		assert.Equal(t, want, stripQuotation(body), "%q", body)
	}
}

func TestNormalized(t *testing.T) {
	for _, word := range []string{"yes", "Yes", "YES", " yes ", "yes.", "Yes. ", "yes…", "yes。", "Yes..."} {
		assert.Equal(t, wordYes, normalized(word), "%q", word)
	}
	for _, word := range []string{"yes!", "y", ".yes", "yes no", "“yes”"} {
		assert.NotEqual(t, wordYes, normalized(word), "%q", word)
	}
}

// words are the seeds of the fuzzers.
var words = []string{"", "getRoster", "a b", "it's", `"`, `\`, `\\"`, "$(x)", "`x`", "*", "~", "\n", "\t", "a\\\nb", "“a”", "‘a’", "O’Brien", "—", "--x", "é😀", "\u00a0", "\u2028", ">", "a;b"}

// FuzzQuote checks that a quoted value is one word of the line, whatever the other words are.
func FuzzQuote(f *testing.F) {
	for i, word := range words {
		f.Add(word, words[(i+1)%len(words)], words[(i+7)%len(words)])
	}
	f.Fuzz(func(t *testing.T, a, b, c string) {
		want := []string{strings.ToValidUTF8(a, "?"), strings.ToValidUTF8(b, "?"), strings.ToValidUTF8(c, "?")}
		var quoted []string
		for _, w := range want {
			quoted = append(quoted, verb.Quote(w))
		}
		got, err := split(strings.Join(quoted, " "))
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
}

// FuzzSplit checks that the words of a line, quoted again, are split into the same words, with
// straight quotes and with those of a phone.
func FuzzSplit(f *testing.F) {
	for _, word := range words {
		f.Add(word)
	}
	f.Add(`a "b c" 'd e' f\ g "“`)
	f.Add("a “b c” ‘d e’")
	f.Fuzz(func(t *testing.T, line string) {
		line = strings.ToValidUTF8(line, "?")
		want, err := split(line)
		if err != nil {
			return
		}
		var quoted []string
		for _, w := range want {
			quoted = append(quoted, verb.Quote(w))
		}
		again, err := split(strings.Join(quoted, " "))
		require.NoError(t, err)
		require.Equal(t, append([]string{}, want...), append([]string{}, again...))
		if strings.ContainsAny(strings.Join(want, ""), `'"“”„‘’‚«»‹›\`) {
			return
		}
		curly := ""
		for _, w := range want {
			curly += " “" + w + "”"
		}
		again, err = split(curly)
		require.NoError(t, err)
		require.Equal(t, want, again)
	})
}
