package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/verb/jobs"
	"emanagement/verb/wire"
)

const patience = 8 * time.Second

// lasting is work that takes a while, unless it is stopped.
func lasting(d time.Duration) func(context.Context, func(wire.Progress)) {
	return func(ctx context.Context, _ func(wire.Progress)) {
		select {
		case <-time.After(d):
		case <-ctx.Done():
		}
	}
}

func numbers(j *jobs.Jobs) []int {
	var n []int
	for _, job := range j.Running() {
		n = append(n, job.Number)
	}
	return n
}

// TestAwait: whoever waits learns of the end in time, or then is called at the
// end, and never both.
func TestAwait(t *testing.T) {
	for name, test := range map[string]struct {
		takes    time.Duration
		leaves   time.Duration // after which the asker is gone
		inTime   bool
		waited   time.Duration
		thenCame time.Duration // 0: it does not
	}{
		"at once":           {takes: 0, leaves: time.Hour, inTime: true},
		"in time":           {takes: patience - 1, leaves: time.Hour, inTime: true, waited: patience - 1},
		"not in time":       {takes: time.Minute, leaves: time.Hour, waited: patience, thenCame: time.Minute},
		"the asker is gone": {takes: time.Minute, leaves: time.Second, waited: time.Second, thenCame: time.Minute},
		"gone before":       {takes: time.Minute, leaves: 0, thenCame: time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				all := jobs.New(t.Context())
				job, _ := all.Start("owner", "name", lasting(test.takes))
				ctx, cancel := context.WithTimeout(t.Context(), test.leaves)
				defer cancel()
				var came []time.Duration
				assert.Equal(t, test.inTime, job.Await(ctx, patience, func() { came = append(came, time.Since(began)) }))
				assert.Equal(t, test.waited, time.Since(began))
				if test.inTime {
					assert.Empty(t, all.Running())
				} else {
					assert.Equal(t, []*jobs.Job{job}, all.Running())
				}
				all.Wait()
				assert.Empty(t, all.Running())
				var want []time.Duration
				if test.thenCame > 0 {
					want = append(want, test.thenCame)
				}
				assert.Equal(t, want, came)
			})
		})
	}
}

// TestEndAtTheLastMoment: the end and the end of patience come together. The
// end is told in one way, whichever comes first.
func TestEndAtTheLastMoment(t *testing.T) {
	for range 200 {
		synctest.Test(t, func(t *testing.T) {
			all := jobs.New(t.Context())
			job, _ := all.Start("owner", "name", lasting(patience))
			told := 0
			if job.Await(t.Context(), patience, func() { told++ }) {
				told++
			}
			all.Wait()
			assert.Equal(t, 1, told)
		})
	}
}

// TestStop: a job learns who ended it.
func TestStop(t *testing.T) {
	for name, test := range map[string]struct {
		end  func(job *jobs.Job, program context.CancelFunc)
		want error
	}{
		"stopped":           {func(job *jobs.Job, _ context.CancelFunc) { job.Stop(); job.Stop() }, jobs.ErrStopped},
		"the program's end": {func(_ *jobs.Job, program context.CancelFunc) { program() }, context.Canceled},
		"both":              {func(job *jobs.Job, program context.CancelFunc) { job.Stop(); program() }, jobs.ErrStopped},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, program := context.WithCancel(t.Context())
				defer program()
				all := jobs.New(ctx)
				var cause error
				job, _ := all.Start("owner", "name", func(ctx context.Context, _ func(wire.Progress)) {
					<-ctx.Done()
					time.Sleep(time.Minute) // until it notices
					cause = context.Cause(ctx)
				})
				other, _ := all.Start("owner", "other", lasting(time.Second))
				synctest.Wait()
				test.end(job, program)
				assert.Contains(t, all.Running(), job, "it has not noticed yet")
				assert.True(t, job.Await(t.Context(), time.Hour, nil))
				assert.ErrorIs(t, cause, test.want)
				assert.Equal(t, errors.Is(test.want, jobs.ErrStopped), errors.Is(cause, jobs.ErrStopped))
				assert.True(t, other.Await(t.Context(), time.Hour, nil))
				job.Stop() // of what has ended
				all.Wait()
			})
		})
	}
}

// TestWaitForThen: the program does not end before the last asker was told.
func TestWaitForThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		all := jobs.New(t.Context())
		job, _ := all.Start("owner", "name", lasting(time.Minute))
		assert.False(t, job.Await(t.Context(), 0, func() { time.Sleep(time.Second) }))
		all.Wait()
		assert.Equal(t, time.Minute+time.Second, time.Since(began))
	})
}

func TestRunning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := jobs.New(t.Context())
		assert.Empty(t, all.Running())
		for i := range 5 {
			job, _ := all.Start("owner", "name", lasting(time.Duration(10-i)*time.Second))
			assert.Equal(t, i+1, job.Number)
			assert.Equal(t, time.Now(), job.Began)
		}
		assert.Equal(t, []int{1, 2, 3, 4, 5}, numbers(all), "oldest first")
		time.Sleep(7*time.Second + 1)
		assert.Equal(t, []int{1, 2, 3}, numbers(all))
		all.Wait()
		assert.Empty(t, all.Running())
		job, _ := all.Start("somebody", "something", lasting(0))
		assert.Equal(t, 6, job.Number, "no number comes twice")
		assert.Equal(t, "somebody", job.Owner)
		assert.Equal(t, "something", job.Name)
		all.Wait()
	})
}

func TestProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := jobs.New(t.Context())
		job, _ := all.Start("owner", "name", func(_ context.Context, say func(wire.Progress)) {
			for _, s := range []string{"1 of 2", "2 of 2"} {
				time.Sleep(time.Second)
				say(wire.Progress{Text: s})
			}
			time.Sleep(time.Second)
		})
		for _, want := range []string{"", "1 of 2", "2 of 2"} {
			synctest.Wait()
			assert.Equal(t, want, job.Progress().Text)
			time.Sleep(time.Second)
		}
		all.Wait()
	})
}

// TestManyAtOnce starts, looks at, stops and awaits jobs from many goroutines.
func TestManyAtOnce(t *testing.T) {
	const jobsAtOnce = 100
	all := jobs.New(t.Context())
	var askers sync.WaitGroup
	var mu sync.Mutex
	told := make(map[int]int)
	tell := func(n int) {
		mu.Lock()
		defer mu.Unlock()
		told[n]++
	}
	for i := range jobsAtOnce {
		askers.Go(func() {
			job, err := all.Start(fmt.Sprint("owner", i), "name", func(ctx context.Context, say func(wire.Progress)) {
				say(wire.Progress{Text: "working"})
				<-ctx.Done()
			})
			if !assert.NoError(t, err) {
				return
			}
			for _, other := range all.Running() {
				other.Progress()
			}
			job.Stop()
			if job.Await(t.Context(), 0, func() { tell(job.Number) }) {
				tell(job.Number)
			}
		})
	}
	askers.Wait()
	all.Wait()
	assert.Empty(t, all.Running())
	assert.Len(t, told, jobsAtOnce)
	for n, times := range told {
		assert.Equal(t, 1, times, n)
	}
}

// TestLimits: nobody has more jobs than there is room for, and none begins
// when they end.
func TestLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, end := context.WithCancel(t.Context())
		defer end()
		all := jobs.New(ctx)
		for range 32 {
			_, err := all.Start("owner", "name", lasting(time.Minute))
			require.NoError(t, err)
		}
		_, err := all.Start("owner", "name", lasting(time.Minute))
		require.ErrorIs(t, err, jobs.ErrTooMany)
		other, err := all.Start("other", "name", lasting(time.Minute))
		require.NoError(t, err)
		all.Running()[0].Stop()
		synctest.Wait()
		_, err = all.Start("owner", "name", lasting(time.Minute))
		require.NoError(t, err)
		end()
		<-other.Done()
		_, err = all.Start("another", "name", lasting(time.Minute))
		require.ErrorIs(t, err, jobs.ErrEnding)
		all.Wait()
		assert.Empty(t, all.Running())
	})
}
