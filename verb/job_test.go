package verb

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/verb/jobs"
	"emanagement/verb/wire"
)

// long returns a verb that runs for a while, reports its progress twice, and ends with its
// context.
func long(takes time.Duration, err error) *Verb {
	return &Verb{
		Name: "work", Role: Write, Long: true, Hostless: true,
		run: func(ctx context.Context, c *call) (Result, error) {
			for _, progress := range []string{"half of it", "all of it"} {
				select {
				case <-time.After(takes / 2):
					c.progress(Progress{Text: progress})
				case <-ctx.Done():
					return Result{}, ctx.Err()
				}
			}
			return lines("thing", []string{"one", "two"}), err
		},
	}
}

const goesOn = "job 1: work goes on; messages will tell how far it is and how it ends, and so does listJobs"

// Messages about the running job.
const (
	halfway = "mate@a.example/r: job 1: work: goes on: half of it"
	allOfIt = "mate@a.example/r: job 1: work: goes on: all of it"
)

func TestLongVerb(t *testing.T) {
	secret := errors.New("some secret of the machine")
	for name, test := range map[string]struct {
		takes    time.Duration
		err      error
		answer   string
		failure  string
		waited   time.Duration
		messages []string
	}{
		"in time":           {2 * time.Second, nil, "one\ntwo", "", 2 * time.Second, nil},
		"in time, it fails": {2 * time.Second, secret, "", "something went wrong here; the log of the component says what", 2 * time.Second, nil},
		"later":             {time.Hour, nil, goesOn, "", defaultMaxWait, []string{halfway, allOfIt, "mate@a.example/r: job 1: work: 2 things\none\ntwo"}},
		"later, it fails": {
			time.Hour, secret, goesOn, "", defaultMaxWait,
			[]string{halfway, allOfIt, "mate@a.example/r: job 1: work: something went wrong here; the log of the component says what\none\ntwo"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newTestNamespace(t.Context(), long(test.takes, test.err))
				began := time.Now()
				r, err := n.run(t, mate, "work")
				assert.Equal(t, test.waited, time.Since(began))
				if test.failure != "" {
					var failed *wire.Error
					require.ErrorAs(t, err, &failed)
					assert.Equal(t, test.failure, failed.Text)
				} else {
					require.NoError(t, err)
					assert.Equal(t, test.answer, strings.Join(r.Lines(), "\n"))
				}
				n.services.Jobs.Wait()
				assert.Equal(t, test.takes, time.Since(began))
				assert.Equal(t, test.messages, n.messages)
				assert.Equal(t, test.err != nil, strings.Contains(n.log.String(), secret.Error()), "the log has the cause")
			})
		})
	}
}

// TestRequesterIsGone checks that the end of a request does not end its job.
func TestRequesterIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newTestNamespace(t.Context(), long(time.Minute, nil))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		r, err := n.Run(ctx, Request{Requester: mate, Front: "test", Verb: "work"})
		require.NoError(t, err)
		assert.Equal(t, goesOn, strings.Join(r.Lines(), "\n"))
		n.services.Jobs.Wait()
		assert.Equal(t, []string{"mate@a.example/r: job 1: work: 2 things\none\ntwo"}, n.messages)
	})
}

// TestEndCannotBeSent checks that the log tells if a message about a job cannot be sent.
func TestEndCannotBeSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newTestNamespace(t.Context(), long(time.Minute, nil))
		n.fail = errors.New("no way there")
		n.answer(t, mate, "work")
		n.services.Jobs.Wait()
		assert.Contains(t, n.log.String(), "no way there")
	})
}

func TestListJobs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newTestNamespace(t.Context(), long(time.Minute, nil))
		assert.Equal(t, "", n.answer(t, mate, "listJobs"))
		began := time.Now().UTC()
		n.answer(t, mate, "work")
		n.answer(t, boss, "work")
		first := "1\twork\tmate@a.example\t" + began.Format(time.RFC3339) + "\t"
		second := "2\twork\tboss@a.example\t" + began.Add(defaultMaxWait).Format(time.RFC3339) + "\t"
		assert.Equal(t, first+"\n"+second, n.answer(t, mate, "listJobs"))
		time.Sleep(30*time.Second - defaultMaxWait)
		synctest.Wait()
		assert.Equal(t, first+"half of it\n"+second+"half of it", n.answer(t, limited, "listJobs"))
		time.Sleep(30*time.Second - defaultMaxWait)
		synctest.Wait()
		assert.Equal(t, second+"half of it", n.answer(t, boss, "listJobs"))
		n.services.Jobs.Wait()
	})
}

// TestStopJob checks that a requester may stop own jobs from any resource, and that an admin
// of every host may stop every job.
func TestStopJob(t *testing.T) {
	for name, test := range map[string]struct {
		requester jid.JID
		number    string
		answer    string
	}{
		"one's own":               {mate, "1", "Done"},
		"from another resource":   {jid.MustParse("mate@a.example/phone"), "1", "Done"},
		"another's":               {limited, "1", "job 1 is not yours"},
		"another's, for an admin": {boss, "1", "Done"},
		"none":                    {boss, "2", "job 2 not found"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newTestNamespace(t.Context(), long(time.Hour, nil))
				require.Equal(t, goesOn, n.answer(t, mate, "work"))
				began := time.Now()
				assert.Equal(t, test.answer, n.answer(t, test.requester, "stopJob", "job", test.number))
				n.services.Jobs.Wait()
				if test.answer != "Done" {
					assert.NotZero(t, time.Since(began))
					return
				}
				assert.Zero(t, time.Since(began))
				assert.Equal(t, []string{"mate@a.example/r: job 1: work: stopped; what was done until then stays done: nothing yet"}, n.messages)
				assert.Contains(t, n.records.String(), `outcome="stopped; what was done until then stays done: nothing yet"`)
				assert.Equal(t, "job 1 not found", n.answer(t, mate, "stopJob", "job", "1"))
			})
		})
	}
}

// TestStoppedWhileAwaited checks that a requester who still waits learns that the job was
// stopped.
func TestStoppedWhileAwaited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newTestNamespace(t.Context(), long(time.Hour, nil))
		go func() {
			time.Sleep(time.Second)
			_, _ = n.run(t, boss, "stopJob", "job", "1")
		}()
		_, err := n.run(t, mate, "work")
		assert.ErrorIs(t, err, jobs.ErrStopped)
		n.services.Jobs.Wait()
		assert.Empty(t, n.messages)
	})
}

// TestProgramEndsDuringJob checks that a job ends with the program, and that its requester
// receives a message.
func TestProgramEndsDuringJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, end := context.WithCancel(t.Context())
		n := newTestNamespace(ctx, long(time.Hour, nil))
		require.Equal(t, goesOn, n.answer(t, mate, "work"))
		end()
		n.services.Jobs.Wait()
		require.Len(t, n.messages, 1)
		assert.Equal(t, "mate@a.example/r: job 1: work: the component was stopped; what was done until then stays done: nothing yet", n.messages[0])
	})
}

// TestVerbPanics checks that a panic ends only its verb, and that the log has the stack.
func TestVerbPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newTestNamespace(t.Context(), &Verb{Name: "work", Role: Write, Long: true, Hostless: true, run: func(context.Context, *call) (Result, error) {
			panic("some bug")
		}})
		_, err := n.run(t, mate, "work")
		var failed *wire.Error
		require.ErrorAs(t, err, &failed)
		assert.Equal(t, "something went wrong here; the log of the component says what", failed.Text)
		assert.Contains(t, n.log.String(), "some bug")
		assert.Contains(t, n.log.String(), "TestVerbPanics")
	})
}

// TestOnProgress checks that a requester with OnProgress receives the progress, waits until
// the end, and stops the verb by ending the context.
func TestOnProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newTestNamespace(t.Context(), long(time.Hour, nil))
		var got []string
		onProgress := func(p Progress) { got = append(got, p.Text) }
		began := time.Now()
		_, err := n.Run(t.Context(), Request{Requester: Process{UID: 7}, Front: "test", Verb: "work", OnProgress: onProgress})
		require.Equal(t, wire.Forbidden, wire.KindOf(err))
		assert.EqualError(t, err, "uid 7 may not run commands here")

		r, err := n.Run(t.Context(), Request{Requester: mate, Front: "test", Verb: "work", OnProgress: onProgress})
		require.NoError(t, err)
		assert.Equal(t, []string{"one", "two"}, r.Lines())
		assert.Equal(t, []string{"half of it", "all of it"}, got)
		assert.Equal(t, time.Hour, time.Since(began))
		assert.Empty(t, n.messages)

		ctx, leave := context.WithTimeout(t.Context(), 40*time.Minute)
		defer leave()
		_, err = n.Run(ctx, Request{Requester: mate, Front: "test", Verb: "work", OnProgress: onProgress})
		var failed *wire.Error
		require.ErrorAs(t, err, &failed)
		assert.Equal(t, "stopped; what was done until then stays done: half of it", failed.Text)
		assert.Equal(t, time.Hour+40*time.Minute, time.Since(began))
	})
}
