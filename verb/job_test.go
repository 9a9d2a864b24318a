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

// long is a verb that takes a while, says how far it is after half of it, and
// ends with its context.
func long(takes time.Duration, err error) *Verb {
	return &Verb{
		Name: "work", Role: Write, Long: true, Hostless: true,
		run: func(ctx context.Context, c *call) (Result, error) {
			for _, progress := range []string{"half of it", "all of it"} {
				select {
				case <-time.After(takes / 2):
					c.say(Progress{Text: progress})
				case <-ctx.Done():
					return Result{}, ctx.Err()
				}
			}
			return lines("thing", []string{"one", "two"}), err
		},
	}
}

const goesOn = "job 1: work goes on; messages will tell how far it is and how it ends, and so does listJobs"

// What the asker hears in between.
const (
	halfway = "mate@a.example/r: job 1: work: goes on: half of it"
	allOfIt = "mate@a.example/r: job 1: work: goes on: all of it"
)

func TestLongVerb(t *testing.T) {
	secret := errors.New("some secret of the machine")
	for name, test := range map[string]struct {
		takes   time.Duration
		err     error
		answer  string
		failure string
		waited  time.Duration
		told    []string
	}{
		"in time":           {2 * time.Second, nil, "one\ntwo", "", 2 * time.Second, nil},
		"in time, it fails": {2 * time.Second, secret, "", "something went wrong here; the log of the component says what", 2 * time.Second, nil},
		"later":             {time.Hour, nil, goesOn, "", defaultPatience, []string{halfway, allOfIt, "mate@a.example/r: job 1: work: 2 things\none\ntwo"}},
		"later, it fails": {
			time.Hour, secret, goesOn, "", defaultPatience,
			[]string{halfway, allOfIt, "mate@a.example/r: job 1: work: something went wrong here; the log of the component says what\none\ntwo"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newExtra(t.Context(), long(test.takes, test.err))
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
				assert.Equal(t, test.told, n.told)
				assert.Equal(t, test.err != nil, strings.Contains(n.log.String(), secret.Error()), "the cause is for the log")
			})
		})
	}
}

// TestAskerIsGone: a request that ends does not end the work that it began.
func TestAskerIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newExtra(t.Context(), long(time.Minute, nil))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		r, err := n.Run(ctx, Request{Asker: mate, Front: "test", Verb: "work"})
		require.NoError(t, err)
		assert.Equal(t, goesOn, strings.Join(r.Lines(), "\n"))
		n.services.Jobs.Wait()
		assert.Equal(t, []string{"mate@a.example/r: job 1: work: 2 things\none\ntwo"}, n.told)
	})
}

func TestEndCannotBeTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newExtra(t.Context(), long(time.Minute, nil))
		n.fail = errors.New("no way there")
		n.answer(t, mate, "work")
		n.services.Jobs.Wait()
		assert.Contains(t, n.log.String(), "no way there")
	})
}

func TestListJobs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newExtra(t.Context(), long(time.Minute, nil))
		assert.Equal(t, "", n.answer(t, mate, "listJobs"))
		began := time.Now().UTC()
		n.answer(t, mate, "work")
		n.answer(t, boss, "work")
		first := "1\twork\tmate@a.example\t" + began.Format(time.RFC3339) + "\t"
		second := "2\twork\tboss@a.example\t" + began.Add(defaultPatience).Format(time.RFC3339) + "\t"
		assert.Equal(t, first+"\n"+second, n.answer(t, mate, "listJobs"))
		time.Sleep(30*time.Second - defaultPatience)
		synctest.Wait()
		assert.Equal(t, first+"half of it\n"+second+"half of it", n.answer(t, limited, "listJobs"))
		time.Sleep(30*time.Second - defaultPatience)
		synctest.Wait()
		assert.Equal(t, second+"half of it", n.answer(t, boss, "listJobs"))
		n.services.Jobs.Wait()
	})
}

// TestStopJob: one's own from any resource, and every one for an admin of
// everything.
func TestStopJob(t *testing.T) {
	for name, test := range map[string]struct {
		asker  jid.JID
		number string
		answer string
	}{
		"one's own":               {mate, "1", "Done"},
		"from another resource":   {jid.MustParse("mate@a.example/phone"), "1", "Done"},
		"another's":               {limited, "1", "job 1 is not yours"},
		"another's, for an admin": {boss, "1", "Done"},
		"none":                    {boss, "2", "job 2 not found"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newExtra(t.Context(), long(time.Hour, nil))
				require.Equal(t, goesOn, n.answer(t, mate, "work"))
				began := time.Now()
				assert.Equal(t, test.answer, n.answer(t, test.asker, "stopJob", "job", test.number))
				n.services.Jobs.Wait()
				if test.answer != "Done" {
					assert.NotZero(t, time.Since(began))
					return
				}
				assert.Zero(t, time.Since(began))
				assert.Equal(t, []string{"mate@a.example/r: job 1: work: stopped; what was done until then stays done: nothing yet"}, n.told)
				assert.Contains(t, n.records.String(), `outcome="stopped; what was done until then stays done: nothing yet"`)
				assert.Equal(t, "job 1 not found", n.answer(t, mate, "stopJob", "job", "1"))
			})
		})
	}
}

// TestStoppedWhileAwaited: whoever still waits reads that it was stopped.
func TestStoppedWhileAwaited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newExtra(t.Context(), long(time.Hour, nil))
		go func() {
			time.Sleep(time.Second)
			_, _ = n.run(t, boss, "stopJob", "job", "1")
		}()
		_, err := n.run(t, mate, "work")
		assert.ErrorIs(t, err, jobs.ErrStopped)
		n.services.Jobs.Wait()
		assert.Empty(t, n.told)
	})
}

// TestProgramEndsDuringJob: the job ends with it, and the asker is told that it
// did not come to its end.
func TestProgramEndsDuringJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, end := context.WithCancel(t.Context())
		n := newExtra(ctx, long(time.Hour, nil))
		require.Equal(t, goesOn, n.answer(t, mate, "work"))
		end()
		n.services.Jobs.Wait()
		require.Len(t, n.told, 1)
		assert.Equal(t, "mate@a.example/r: job 1: work: the component was stopped; what was done until then stays done: nothing yet", n.told[0])
	})
}

// TestVerbPanics: it ends that verb, and the log knows where.
func TestVerbPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newExtra(t.Context(), &Verb{Name: "work", Role: Write, Long: true, Hostless: true, run: func(context.Context, *call) (Result, error) {
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

// TestAttended: whoever attends hears how far it is, waits however long it
// takes, and ends it when he leaves.
func TestAttended(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newExtra(t.Context(), long(time.Hour, nil))
		var heard []string
		attend := func(p Progress) { heard = append(heard, p.Text) }
		began := time.Now()
		_, err := n.Run(t.Context(), Request{Asker: Process{UID: 7}, Front: "test", Verb: "work", Attend: attend})
		require.Equal(t, wire.Forbidden, wire.KindOf(err))
		assert.EqualError(t, err, "uid 7 may not run commands here")

		r, err := n.Run(t.Context(), Request{Asker: mate, Front: "test", Verb: "work", Attend: attend})
		require.NoError(t, err)
		assert.Equal(t, []string{"one", "two"}, r.Lines())
		assert.Equal(t, []string{"half of it", "all of it"}, heard)
		assert.Equal(t, time.Hour, time.Since(began))
		assert.Empty(t, n.told)

		ctx, leave := context.WithTimeout(t.Context(), 40*time.Minute)
		defer leave()
		_, err = n.Run(ctx, Request{Asker: mate, Front: "test", Verb: "work", Attend: attend})
		var failed *wire.Error
		require.ErrorAs(t, err, &failed)
		assert.Equal(t, "stopped; what was done until then stays done: half of it", failed.Text)
		assert.Equal(t, time.Hour+40*time.Minute, time.Since(began))
	})
}
