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

const hint = `Sorry, I do not know the command "I'm". Send "help" for those that I know.`

// talks has somebody who answers each of our messages, after a delay, until
// nothing is left to answer. It returns how many messages we sent, and stops
// at the limit.
func (r *rig) talks(from, first string, delay time.Duration, limit int, reply func(text string) string) (sent int) {
	open := []string{first}
	for len(open) > 0 && sent < limit {
		line := open[0]
		open = open[1:]
		time.Sleep(delay)
		for _, text := range r.asks(from, line) {
			sent++
			open = append(open, reply(text))
		}
	}
	return sent
}

// TestLoops: whoever answers our answers is met with silence, however slow he
// is.
func TestLoops(t *testing.T) {
	const endless = 1 << 20
	always := func(text string) func(string) string { return func(string) string { return text } }
	echo := func(text string) string { return text }
	day := 24 * time.Hour
	for name, test := range map[string]struct {
		first  string
		delays []time.Duration
		reply  func(string) string
		most   int // before rule 3, and each time that it is met
		each   int
	}{
		"an echo":                       {"hello", []time.Duration{0, time.Second, time.Hour, 30 * day}, echo, 0, 5},
		"an echo of an answer":          {"getRoster many@a.example", []time.Duration{0, time.Second, time.Hour, 30 * day}, echo, atOnce, 5},
		"an echo of help":               {"help", []time.Duration{0, time.Hour}, echo, 2, 5},
		"an echo of an error":           {"getRoster", []time.Duration{0, time.Hour}, echo, 1, 5},
		"an echo of stakes":             {"removeAllRosters", []time.Duration{0, time.Hour}, echo, 1, 5},
		"an echo that quotes":           {"hello", []time.Duration{0, time.Hour}, func(text string) string { return "> " + text + "\nthanks" }, 0, 5},
		"one who is away":               {"listJobs", []time.Duration{0, time.Second, time.Hour, 30 * day}, always("I'm away"), 1, 5},
		"one who is away and was asked": {"I'm away", []time.Duration{0, time.Hour}, always("I'm away"), 0, 5},
		"one who wants help":            {"help", []time.Duration{0, time.Minute, time.Hour, day}, always("help"), 1, 2 * 20},
		"one who wants more":            {"getRoster many@a.example", []time.Duration{0, time.Minute}, always("more"), 50, 5},
		"one who agrees":                {"removeAllRosters", []time.Duration{0, time.Second, time.Hour}, always("yes"), 2, 5},
		"one who sends verbs":           {"listJobs", []time.Duration{0, time.Second}, always("listJobs"), 2 * burst, 0},
		"one who does it slowly":        {"listJobs", []time.Duration{2 * time.Second, time.Minute}, always("listJobs"), 4 * daily, 0},
		"one who has long answers":      {"getRoster many@a.example", []time.Duration{0, time.Second}, always("getRoster many@a.example"), 2 * atOnce * burst, 0},
		"one who sends wrong verbs":     {"getRoster", []time.Duration{0, time.Second}, always("getRoster"), 2 * burst, 0},
		"one who takes lines for messages": {"help", []time.Duration{0}, func(text string) string {
			lines := strings.Split(text, "\n")
			return lines[len(lines)-1]
		}, 100, 0},
	} {
		for _, delay := range test.delays {
			t.Run(fmt.Sprintf("%s after %v", name, delay), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					r := newRig(t)
					r.many("many@a.example", 200)
					sent := r.talks(boss, test.first, delay, endless, test.reply)
					most := test.most + test.each
					for pause := forgiven; pause <= delay; pause *= 2 {
						most += test.each
					}
					assert.LessOrEqual(t, sent, most)
					assert.NotZero(t, sent)
				})
			})
		}
	}
}

// TestNoCommandIsSaid: whatever an answer says, sent back it is no command.
func TestNoCommandIsSaid(t *testing.T) {
	r := newRig(t)
	says := func(text string) string {
		r.sent = nil
		r.say(t.Context(), r.question(boss, "listJobs"), text)
		require.Len(t, r.sent, 1)
		return r.sent[0]
	}
	for _, text := range []string{
		"getRoster", "GETROSTER: no", "getRoster:", "listJobs\nmore", `"getRoster" x`, "“getRoster” x", "'listJobs", "> x\nlistJobs", " \n listJobs",
		"yes", "Yes.", "no", "No …", "more", "help", "Help. And so on", "? no",
	} {
		assert.False(t, r.isCommand(lineIn(says(text))), text)
	}
	for _, text := range []string{"Done", "true", "1 item\ngetRoster", "(1/2)\nhelp", "boss@a.example may not", "getRosters", "– yes", "job 1: listJobs goes on", ""} {
		assert.Equal(t, text, says(text))
	}
}

// TestTwoOfUs: two components of this kind, each of which may run everything
// at the other.
func TestTwoOfUs(t *testing.T) {
	for _, first := range []string{"hello", "help", "listJobs", "getRoster", "printAllRosters", "removeAllRosters"} {
		t.Run(first, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := newRig(t), newRig(t)
				a.many("many@a.example", 200)
				sent, open := 0, a.asks(app, first)
				for from, other := b, a; len(open) > 0; from, other = other, from {
					var answers []string
					for _, text := range open {
						sent++
						answers = append(answers, from.asks(app, text)...)
					}
					open = answers
				}
				assert.LessOrEqual(t, sent, atOnce+5+5)
			})
		})
	}
}

// TestTalkEndsAndBegins again by a command, or after a silence.
func TestTalkEndsAndBegins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		ends := func(pause string) {
			t.Helper()
			time.Sleep(time.Minute) // for the pace's sake
			for range 4 {
				require.Equal(t, hint, r.answer(boss, "I'm away"))
			}
			require.Equal(t, hint+"\n\n(I answer nothing else now but help and my commands, such as listJobs, until you send one of these commands, or nothing at all for "+pause+".)", r.answer(boss, "I'm away"))
			for _, line := range []string{"I'm away", "yes", "more"} {
				require.Empty(t, r.asks(boss, line))
			}
			require.NotEmpty(t, r.asks(boss, "help listJobs"))
		}
		ends("an hour")
		assert.Equal(t, "0 jobs", r.answer(boss, "listJobs"))
		ends("an hour")
		assert.Contains(t, r.answer(boss, "getRoster"), "Too few", "a wrong one is one, too")
		ends("an hour")
		time.Sleep(forgiven - 1)
		assert.Empty(t, r.asks(boss, "hm"), "and the pause begins anew")
		time.Sleep(forgiven - 1)
		assert.Empty(t, r.asks(boss, "hm"))
		time.Sleep(forgiven)
		ends("2 hours")
		time.Sleep(2 * forgiven)
		ends("4 hours")
		assert.Equal(t, "0 jobs", r.answer(boss, "listJobs"))
		ends("an hour")
		time.Sleep(forgiven)
		assert.Equal(t, hint, r.answer(writer, "I'm away"), "others are not concerned")
		for range 19 {
			time.Sleep(interval)
			assert.Len(t, r.asks(boss, "help"), 2)
		}
		last := r.asks(boss, "help")
		assert.True(t, strings.HasSuffix(last[1], lastWords(toHelp, 2*forgiven)), last[1])
		assert.Empty(t, r.asks(boss, "help"))
	})
}

// TestSilentVerbs: what waits for a yes was told, also after the talk's end.
func TestSilentVerbs(t *testing.T) {
	r := newRig(t)
	for range 10 {
		r.asks(boss, "hm")
	}
	r.roster("one@a.example", "x@far.example")
	assert.Contains(t, r.answer(boss, "removeAllRosters"), `Send "yes" within`)
	assert.Contains(t, r.answer(boss, "yes"), "Done")
}

// TestPace: so many messages are read in a row, and so many in a day.
func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		read := func(n int) {
			t.Helper()
			for range n {
				require.Equal(t, []string{"0 jobs"}, r.asks(boss, "listJobs"))
			}
		}
		silent := func(from string) {
			t.Helper()
			for range 1000 {
				require.Empty(t, r.asks(from, "listJobs"))
			}
		}
		read(burst)
		assert.Equal(t, "Too many messages. This one was not read, nor will be others until none has come for a minute.", r.answer(boss, "listJobs"))
		silent(boss)
		time.Sleep(shortSilence - 1)
		silent(strings.Replace(boss, "phone", "desk", 1))
		assert.Equal(t, "0 jobs", r.answer(writer, "listJobs"), "others are not concerned")
		time.Sleep(shortSilence - 1)
		silent(boss)
		time.Sleep(shortSilence)
		read(burst)

		// A whole day's worth, as fast as they are read.
		time.Sleep(48 * time.Hour)
		answered := 0
		for {
			answers := r.asks(boss, "listJobs")
			if answers[0] != "0 jobs" {
				assert.Equal(t, []string{"Too many messages. This one was not read, nor will be others until none has come for an hour."}, answers)
				break
			}
			answered++
			time.Sleep(interval)
		}
		assert.GreaterOrEqual(t, answered, daily)
		assert.Less(t, answered, daily+50)
		time.Sleep(longSilence - 1)
		silent(boss)
		time.Sleep(longSilence)
		read(1)
	})
}

// TestMissed: what was not read is told with the answer to what was.
func TestMissed(t *testing.T) {
	r := newRig(t)
	q := r.question(boss, "listJobs")
	q.missed = 7
	assert.Equal(t, []string{"0 jobs\n\n(Messages that came after this one and were not read, for there were too many at once: 7.)"}, r.asksWith(q))
	r.many("many@a.example", 200)
	q = r.question(boss, "getRoster many@a.example")
	q.missed = 1
	sent := r.asksWith(q)
	assert.True(t, strings.HasSuffix(sent[len(sent)-1], "too many at once: 1.)"), sent)
}
