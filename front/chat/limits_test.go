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

const hint = `Sorry, I do not know the command "I'm". Send "help" for a list of commands.`

// converse simulates a program that answers each of our messages after a delay, until no
// message is left to answer. It returns how many messages we sent, and stops at the limit.
func (r *rig) converse(from, first string, delay time.Duration, limit int, reply func(text string) string) (sent int) {
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

// TestLoops checks that a program that answers our answers meets silence, however slow it is.
func TestLoops(t *testing.T) {
	const endless = 1 << 20
	always := func(text string) func(string) string { return func(string) string { return text } }
	echo := func(text string) string { return text }
	day := 24 * time.Hour
	for name, test := range map[string]struct {
		first  string
		delays []time.Duration
		reply  func(string) string
		most   int // answers before rule 3
		each   int // more answers each time that its pause is over
	}{
		"an echo":                     {"hello", []time.Duration{0, time.Second, time.Hour, 30 * day}, echo, 0, 5},
		"an echo of an answer":        {"getRoster many@a.example", []time.Duration{0, time.Second, time.Hour, 30 * day}, echo, atOnce, 5},
		"an echo of help":             {"help", []time.Duration{0, time.Hour}, echo, 2, 5},
		"an echo of an error":         {"getRoster", []time.Duration{0, time.Hour}, echo, 1, 5},
		"an echo of a question":       {"removeAllRosters", []time.Duration{0, time.Hour}, echo, 1, 5},
		"an echo that quotes":         {"hello", []time.Duration{0, time.Hour}, func(text string) string { return "> " + text + "\nthanks" }, 0, 5},
		"an automatic reply":          {"listJobs", []time.Duration{0, time.Second, time.Hour, 30 * day}, always("I'm away"), 1, 5},
		"an automatic reply at first": {"I'm away", []time.Duration{0, time.Hour}, always("I'm away"), 0, 5},
		"only help":                   {"help", []time.Duration{0, time.Minute, time.Hour, day}, always("help"), 1, 2 * 20},
		"only more":                   {"getRoster many@a.example", []time.Duration{0, time.Minute}, always("more"), 50, 5},
		"only yes":                    {"removeAllRosters", []time.Duration{0, time.Second, time.Hour}, always("yes"), 2, 5},
		"only verbs":                  {"listJobs", []time.Duration{0, time.Second}, always("listJobs"), 2 * burst, 0},
		"slow verbs":                  {"listJobs", []time.Duration{2 * time.Second, time.Minute}, always("listJobs"), 4 * daily, 0},
		"verbs with long answers":     {"getRoster many@a.example", []time.Duration{0, time.Second}, always("getRoster many@a.example"), 2 * atOnce * burst, 0},
		"verbs with wrong arguments":  {"getRoster", []time.Duration{0, time.Second}, always("getRoster"), 2 * burst, 0},
		"the last line of each answer": {"help", []time.Duration{0}, func(text string) string {
			lines := strings.Split(text, "\n")
			return lines[len(lines)-1]
		}, 100, 0},
	} {
		for _, delay := range test.delays {
			t.Run(fmt.Sprintf("%s after %v", name, delay), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					r := newRig(t)
					r.many("many@a.example", 200)
					sent := r.converse(boss, test.first, delay, endless, test.reply)
					most := test.most + test.each
					for pause := firstReset; pause <= delay; pause *= 2 {
						most += test.each
					}
					assert.LessOrEqual(t, sent, most)
					assert.NotZero(t, sent)
				})
			})
		}
	}
}

// TestNoCommandIsSent checks that no answer is a command when it is sent back.
func TestNoCommandIsSent(t *testing.T) {
	r := newRig(t)
	sent := func(text string) string {
		r.sent = nil
		r.front.send(t.Context(), r.message(boss, "listJobs"), text)
		require.Len(t, r.sent, 1)
		return r.sent[0]
	}
	for _, text := range []string{
		"getRoster", "GETROSTER: no", "getRoster:", "listJobs\nmore", `"getRoster" x`, "“getRoster” x", "'listJobs", "> x\nlistJobs", " \n listJobs",
		"yes", "Yes.", "no", "No …", "more", "help", "Help. And so on", "? no",
	} {
		assert.False(t, r.isCommand(stripQuotation(sent(text))), text)
	}
	for _, text := range []string{"Done", "true", "1 item\ngetRoster", "(1/2)\nhelp", "boss@a.example may not", "getRosters", "– yes", "job 1: listJobs goes on", ""} {
		assert.Equal(t, text, sent(text))
	}
}

// TestTwoComponents checks two components of this kind. Each may run every verb at the other.
func TestTwoComponents(t *testing.T) {
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

// TestReplyBudget checks that a command or a pause restores the budget.
func TestReplyBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		ends := func(pause string) {
			t.Helper()
			time.Sleep(time.Minute) // for the message rate
			for range 4 {
				require.Equal(t, hint, r.answer(boss, "I'm away"))
			}
			require.Equal(t, hint+"\n\n(From now on I answer only commands and \"help\". After a command, or when you have sent nothing for "+pause+", I answer everything again.)", r.answer(boss, "I'm away"))
			for _, line := range []string{"I'm away", "yes", "more"} {
				require.Empty(t, r.asks(boss, line))
			}
			require.NotEmpty(t, r.asks(boss, "help listJobs"))
		}
		ends("an hour")
		assert.Equal(t, "0 jobs", r.answer(boss, "listJobs"))
		ends("an hour")
		assert.Contains(t, r.answer(boss, "getRoster"), "Too few", "a command with wrong arguments is one, too")
		ends("an hour")
		time.Sleep(firstReset - 1)
		assert.Empty(t, r.asks(boss, "hm"), "the pause begins anew")
		time.Sleep(firstReset - 1)
		assert.Empty(t, r.asks(boss, "hm"))
		time.Sleep(firstReset)
		ends("2 hours")
		time.Sleep(2 * firstReset)
		ends("4 hours")
		assert.Equal(t, "0 jobs", r.answer(boss, "listJobs"))
		ends("an hour")
		time.Sleep(firstReset)
		assert.Equal(t, hint, r.answer(writer, "I'm away"), "others are not affected")
		for range 19 {
			time.Sleep(interval)
			assert.Len(t, r.asks(boss, "help"), 2)
		}
		last := r.asks(boss, "help")
		assert.True(t, strings.HasSuffix(last[1], silenceNote(helpReply, 2*firstReset)), last[1])
		assert.Empty(t, r.asks(boss, "help"))
	})
}

// TestConfirmationWithoutBudget checks that a verb still asks for a yes when the budget is
// exhausted.
func TestConfirmationWithoutBudget(t *testing.T) {
	r := newRig(t)
	for range 10 {
		r.asks(boss, "hm")
	}
	r.roster("one@a.example", "x@far.example")
	assert.Contains(t, r.answer(boss, "removeAllRosters"), `Send "yes" within`)
	assert.Contains(t, r.answer(boss, "yes"), "Done")
}

// TestMessageRate checks the limits of messages in a row and in a day.
func TestMessageRate(t *testing.T) {
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
		assert.Equal(t, "Too many messages. I did not read this one. Send nothing for a minute, and I will read your messages again.", r.answer(boss, "listJobs"))
		silent(boss)
		time.Sleep(shortPause - 1)
		silent(strings.Replace(boss, "phone", "desk", 1))
		assert.Equal(t, "0 jobs", r.answer(writer, "listJobs"), "others are not affected")
		time.Sleep(shortPause - 1)
		silent(boss)
		time.Sleep(shortPause)
		read(burst)

		// The messages of a whole day, as fast as they are read.
		time.Sleep(48 * time.Hour)
		answered := 0
		for {
			answers := r.asks(boss, "listJobs")
			if answers[0] != "0 jobs" {
				assert.Equal(t, []string{"Too many messages. I did not read this one. Send nothing for an hour, and I will read your messages again."}, answers)
				break
			}
			answered++
			time.Sleep(interval)
		}
		assert.GreaterOrEqual(t, answered, daily)
		assert.Less(t, answered, daily+50)
		time.Sleep(longPause - 1)
		silent(boss)
		time.Sleep(longPause)
		read(1)
	})
}

// TestDropped checks that an answer tells how many later messages are not read.
func TestDropped(t *testing.T) {
	r := newRig(t)
	m := r.message(boss, "listJobs")
	m.dropped = 7
	assert.Equal(t, []string{"0 jobs\n\n(I did not read 7 messages that came after this one: there were too many at once.)"}, r.sends(m))
	r.many("many@a.example", 200)
	m = r.message(boss, "getRoster many@a.example")
	m.dropped = 1
	sent := r.sends(m)
	assert.True(t, strings.HasSuffix(sent[len(sent)-1], "(I did not read 1 message that came after this one: there were too many at once.)"), sent)
}
