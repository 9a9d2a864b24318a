package nodeprep_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"

	"emanagement/internal/testserver"
	"emanagement/xmpp/nodeprep"
)

func TestLocal(t *testing.T) {
	for s, want := range map[string]string{
		"ana": "ana", "AnaB": "anab", "strauß": "strauss", "ΣΊΣΥΦΟΣ": "σίσυφοσ", "علی\u200cرضا": "علیرضا", "x²": "x2", "ﬁ": "fi", "ＡＢ": "ab",
		"so\u00adft": "soft", `a\20b`: `a\20b`, "♥": "♥", "א1ב": "א1ב", "Ⅳ": "iv", "e\u0301": "é", "İ": "i̇",
		strings.Repeat("a", 1023): strings.Repeat("a", 1023),
		// Refused.
		"": "", "\u200d": "", "محمد2": "", "ⴰⵎⴰⵣⵉⵖ": "", "\u0d7a": "", "a b": "", "a@b": "", "a'b": "", "😀": "", "אa": "", "a\x00": "", "a\xff": "", "\ufffd": "", "℀": "", strings.Repeat("a", 1024): "", strings.Repeat("ß", 600): "",
	} {
		got, ok := nodeprep.Local(s)
		assert.Equal(t, want, got, "%q", s)
		assert.Equal(t, want != "", ok, "%q", s)
	}
}

func TestDomain(t *testing.T) {
	for s, want := range map[string]string{
		"Bücher.Example": "bücher.example", "xn--bcher-kva.example": "xn--bcher-kva.example", "example.com.": "example.com.", "chat_server": "chat_server",
		"straße.example": "strasse.example", "a b": "a b", "💩.example": "", "א.com": "",
	} {
		got, ok := nodeprep.Domain(s)
		assert.Equal(t, want, got, "%q", s)
		assert.Equal(t, want != "", ok, "%q", s)
	}
}

// assignedRunes returns all characters of the current Unicode, but only a sample of those
// for private use.
func assignedRunes() (all []rune) {
	for r := rune(1); r <= unicode.MaxRune; r++ {
		if unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z, unicode.Cc, unicode.Cf) || unicode.Is(unicode.Co, r) && r%4096 < 3 {
			all = append(all, r)
		}
	}
	return all
}

// testTexts returns every assigned character, alone and, unless aloneOnly, between
// others. It also returns random texts of characters that servers map, compose or refuse.
func testTexts(aloneOnly bool) []string {
	var all []string
	runes := assignedRunes()
	for _, r := range runes {
		all = append(all, string(r))
		if !aloneOnly {
			all = append(all, "a"+string(r)+"b", "א"+string(r)+"ב")
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	classes := []*unicode.RangeTable{unicode.Latin, unicode.Greek, unicode.Arabic, unicode.Hebrew, unicode.Hangul, unicode.Mn, unicode.Cf, unicode.Lt, unicode.Nd, unicode.So}
	byClass := make([][]rune, len(classes))
	for _, r := range runes {
		for i, c := range classes {
			if unicode.Is(c, r) {
				byClass[i] = append(byClass[i], r)
			}
		}
	}
	for range 40_000 {
		var b strings.Builder
		marks := 0
		for range 1 + random.IntN(6) {
			class := byClass[random.IntN(len(byClass))]
			r := class[random.IntN(len(class))]
			if marks++; !unicode.Is(unicode.M, r) {
				marks = 0
			}
			if marks < 3 { // see the package comment
				b.WriteRune(r)
			}
		}
		all = append(all, b.String())
	}
	return all
}

// hasManyMarks reports whether a text, without the characters that servers drop, has more
// marks in a row than the package promises to sort.
func hasManyMarks(s string) bool {
	marks := 0
	for _, r := range norm.NFKD.String(s) {
		if unicode.In(r, unicode.Cf) || r == 0x1806 || 0xFE00 <= r && r <= 0xFE0F || 0x180B <= r && r <= 0x180D || r == 0x34F {
			continue
		}
		if marks++; !unicode.Is(unicode.M, r) {
			marks = 0
		}
		if marks > 2 {
			return true
		}
	}
	return false
}

// TestAgainstServers compares the results with those of real servers.
func TestAgainstServers(t *testing.T) {
	for _, kind := range []testserver.Kind{testserver.AdHoc, testserver.Debian13, testserver.Debian12} {
		t.Run(kind.String(), func(t *testing.T) {
			t.Parallel()
			server, err := kind.Stringprep()
			require.NoError(t, err)
			defer func() { assert.NoError(t, server.Close()) }()
			all := testTexts(kind != testserver.AdHoc)
			for profile, ours := range map[byte]func(string) (string, bool){testserver.Nodeprep: nodeprep.Local, testserver.Nameprep: nodeprep.Domain} {
				theirs, err := server.Prepare(profile, all)
				require.NoError(t, err)
				var differ []string
				for i, s := range all {
					got, ok := ours(s)
					want := ""
					if theirs[i] != nil {
						want = *theirs[i]
					}
					// stringprep does not refuse an empty result, but an account must have a name.
					if (got != want || ok != (want != "")) && !hasManyMarks(s) {
						differ = append(differ, fmt.Sprintf("%c: %+q is %+q, and %+q here", profile, s, want, got))
					}
				}
				assert.Empty(t, differ[:min(len(differ), 20)], "of %d texts differ %d", len(all), len(differ))
			}
		})
	}
}
