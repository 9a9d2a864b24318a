package chat

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestRefusals checks that a requester without a grant is refused more and more rarely, and
// that the audit log has or counts each attempt.
func TestRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		refusal := []string{"Sorry, stranger@far.example may not run commands here. The administrator of this server can change that."}
		for pause := firstBackoff; pause <= 4*firstBackoff; pause *= 2 {
			assert.Equal(t, refusal, r.asks(stranger, "getRoster a@a.example"))
			for range 100 {
				assert.Empty(t, r.asks("stranger@far.example/another", "help"))
			}
			time.Sleep(pause - 1)
			assert.Empty(t, r.asks(stranger, "hello"))
			time.Sleep(time.Nanosecond)
		}
		synctest.Wait()
		records := r.records.String()
		assert.Equal(t, 3, strings.Count(records, "asker=stranger@far.example/x front=chat verb=getRoster"))
		attempts := strings.Count(records, "msg=forbidden")
		for _, counted := range regexp.MustCompile("msg=refused asker=stranger@far.example count=([0-9]+)").FindAllStringSubmatch(records, -1) {
			n, err := strconv.Atoi(counted[1])
			require.NoError(t, err)
			attempts += n
		}
		assert.Equal(t, 3*102, attempts)
		assert.Less(t, strings.Count(records, "\n"), 50)
		assert.Empty(t, r.conversations)
		// A program that answers every refusal meets silence.
		sent := 0
		for range 24 * 60 {
			sent += len(r.asks(stranger, "I am away"))
			time.Sleep(time.Minute)
		}
		assert.LessOrEqual(t, sent, 10)
		time.Sleep(maxBackoff)
		assert.Equal(t, refusal, r.asks(stranger, "hello"))

		// Hosts and components get no refusal.
		for _, host := range []string{"far.example", "b.example", "far.example/x", "x." + own} {
			assert.Empty(t, r.asks(host, "listJobs"), host)
		}
		// The grant of an account does not cover its host, or other accounts there.
		for _, other := range []string{"reader@a.example/r", "boss@b.example/r", "boss@app.a.example/r"} {
			assert.Len(t, r.asks(other, "listJobs"), 1)
		}
	})
}

// TestManyRefusals checks the limit of remembered refusals. Meanwhile, no other requester
// without a grant is answered.
func TestManyRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		for i := range maxRefusals {
			require.Len(t, r.asks(fmt.Sprintf("s%d@far.example/x", i), "hi"), 1)
		}
		for i := range 2 * maxRefusals {
			require.Empty(t, r.asks(fmt.Sprintf("s%d@far.example/x", i), "hi"))
		}
		assert.Len(t, r.refusals.last, maxRefusals)
		assert.Equal(t, "0 jobs", r.answer(boss, "listJobs"), "a requester with a grant is not affected")
		time.Sleep(maxBackoff)
		require.Len(t, r.asks("new@far.example/x", "hi"), 1)
		assert.Len(t, r.refusals.last, 1)
	})
}
