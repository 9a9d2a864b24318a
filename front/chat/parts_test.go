package chat

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// joined joins parts without their numbers.
func joined(t *testing.T, parts []string) string {
	t.Helper()
	var texts []string
	for i, p := range parts {
		mark, text, ok := strings.Cut(p, "\n")
		require.True(t, ok, p)
		require.Equal(t, fmt.Sprintf("(%d/%d)", i+1, len(parts)), mark)
		text = strings.TrimSuffix(text, "\n(Send \"more\" for the rest.)")
		require.LessOrEqual(t, len([]rune(text)), maxPart)
		texts = append(texts, text)
	}
	return strings.Join(texts, "\n")
}

// TestLongAnswer checks that a long answer is sent in parts: the first ones at once, and the
// others on request.
func TestLongAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		want := "300 items\n" + strings.Join(r.many("many@a.example", 300), "\n")
		got := r.asks(boss, "getRoster many@a.example")
		require.Len(t, got, atOnce)
		assert.True(t, strings.HasSuffix(got[atOnce-1], "\n(Send \"more\" for the rest.)"))
		assert.NotContains(t, strings.Join(got[:atOnce-1], ""), "Send more")

		assert.Equal(t, hint, r.answer(boss, "I'm away"), "a message that is not a command does not end the answer")
		assert.Len(t, r.asks(boss, "help"), 2)
		assert.Equal(t, "There is no more.", r.answer(writer, "more"), "another requester does not get the rest")
		for len(got) < 20 {
			time.Sleep(restTime - 1)
			next := r.asks(strings.Replace(boss, "phone", "desk", 1), "More.")
			if next[0] == "There is no more." {
				break
			}
			require.LessOrEqual(t, len(next), atOnce)
			got = append(got, next...)
		}
		assert.Equal(t, want, joined(t, got))

		require.Len(t, r.asks(boss, "getRoster many@a.example"), atOnce)
		time.Sleep(restTime)
		assert.Equal(t, "There is no more.", r.answer(boss, "more"))
		require.Len(t, r.asks(boss, "getRoster many@a.example"), atOnce)
		r.asks(boss, "listJobs")
		assert.Equal(t, "There is no more.", r.answer(boss, "more"), "the answer to another command replaces it")
	})
}

func TestSplitText(t *testing.T) {
	lines := func(n, length int) string {
		return strings.TrimSuffix(strings.Repeat(strings.Repeat("é", length-1)+"\n", n), "\n")
	}
	for name, test := range map[string]struct {
		text  string
		parts int
	}{
		"a word":           {"Done", 1},
		"just one":         {strings.Repeat("é", maxPart), 1},
		"one too long":     {strings.Repeat("é", maxPart+1), 2},
		"lines, just one":  {lines(15, 100), 1},
		"lines, one more":  {lines(16, 100), 2},
		"lines of one":     {lines(maxPart, 2), 2},
		"a very long line": {"a\n" + strings.Repeat("é", 3*maxPart) + "\nb", 5},
		"blank lines":      {"a" + strings.Repeat("\n", 2*maxPart) + "b", 2},
		"the maximum":      {lines(15*maxParts, 100), maxParts},
	} {
		p := splitText(test.text)
		assert.Len(t, p.texts, test.parts, name)
		for _, part := range p.texts {
			assert.LessOrEqual(t, len([]rune(part)), maxPart, name)
			assert.NotEmpty(t, part, name)
		}
		plain := func(s string) string { return strings.ReplaceAll(s, "\n", "") }
		assert.Equal(t, plain(test.text), plain(strings.Join(p.texts, "")), name)
	}
	p := splitText(lines(15*maxParts+31, 100))
	require.Len(t, p.texts, maxParts)
	assert.True(t, strings.HasSuffix(p.texts[maxParts-1], "é\n(I stop here: the rest would be 3 messages more. Ask for less, or use a client with ad-hoc commands.)"))
}
