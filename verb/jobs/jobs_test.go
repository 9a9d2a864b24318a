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

const maxWait = 8 * time.Second

// lasting returns work that takes a while, unless it is stopped.
func lasting(d time.Duration) func(context.Context, func(wire.Progress)) {
	return func(ctx context.Context, _ func(wire.Progress)) {
		select {
		case <-time.After(d):
		case <-ctx.Done():
		}
	}
}

// numbers returns the numbers of the running jobs.
func numbers(j *jobs.Jobs) []int {
	var n []int
	for _, job := range j.Running() {
		n = append(n, job.Number)
	}
	return n
}

// TestAwait checks that either Await returns true, or onEnd is called at the job's end, and
// never both.
func TestAwait(t *testing.T) {
	for name, test := range map[string]struct {
		takes  time.Duration
		leaves time.Duration // when the context of the requester ends
		inTime bool
		waited time.Duration
		onEnd  time.Duration // when onEnd is called; 0: it is not called
	}{
		"at once":               {takes: 0, leaves: time.Hour, inTime: true},
		"in time":               {takes: maxWait - 1, leaves: time.Hour, inTime: true, waited: maxWait - 1},
		"not in time":           {takes: time.Minute, leaves: time.Hour, waited: maxWait, onEnd: time.Minute},
		"the requester is gone": {takes: time.Minute, leaves: time.Second, waited: time.Second, onEnd: time.Minute},
		"gone before":           {takes: time.Minute, leaves: 0, onEnd: time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				all := jobs.New(t.Context())
				job, _ := all.Start("owner", "name", lasting(test.takes))
				ctx, cancel := context.WithTimeout(t.Context(), test.leaves)
				defer cancel()
				var calls []time.Duration
				assert.Equal(t, test.inTime, job.Await(ctx, maxWait, func() { calls = append(calls, time.Since(began)) }))
				assert.Equal(t, test.waited, time.Since(began))
				if test.inTime {
					assert.Empty(t, all.Running())
				} else {
					assert.Equal(t, []*jobs.Job{job}, all.Running())
				}
				all.Wait()
				assert.Empty(t, all.Running())
				var want []time.Duration
				if test.onEnd > 0 {
					want = append(want, test.onEnd)
				}
				assert.Equal(t, want, calls)
			})
		})
	}
}

// TestEndAtTheTimeout checks jobs that end at the same moment as maxWait. Their end is
// reported exactly once.
func TestEndAtTheTimeout(t *testing.T) {
	for range 200 {
		synctest.Test(t, func(t *testing.T) {
			all := jobs.New(t.Context())
			job, _ := all.Start("owner", "name", lasting(maxWait))
			reports := 0
			if job.Await(t.Context(), maxWait, func() { reports++ }) {
				reports++
			}
			all.Wait()
			assert.Equal(t, 1, reports)
		})
	}
}

// TestStop checks the cause with which a job's context ends.
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
				assert.Contains(t, all.Running(), job, "the job has not noticed yet")
				assert.True(t, job.Await(t.Context(), time.Hour, nil))
				assert.ErrorIs(t, cause, test.want)
				assert.Equal(t, errors.Is(test.want, jobs.ErrStopped), errors.Is(cause, jobs.ErrStopped))
				assert.True(t, other.Await(t.Context(), time.Hour, nil))
				job.Stop() // after its end
				all.Wait()
			})
		})
	}
}

// TestWaitForOnEnd checks that Wait waits for onEnd.
func TestWaitForOnEnd(t *testing.T) {
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
		job, _ := all.Start("other", "another name", lasting(0))
		assert.Equal(t, 6, job.Number, "numbers are not reused")
		assert.Equal(t, "other", job.Owner)
		assert.Equal(t, "another name", job.Name)
		all.Wait()
	})
}

func TestProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := jobs.New(t.Context())
		job, _ := all.Start("owner", "name", func(_ context.Context, setProgress func(wire.Progress)) {
			for _, s := range []string{"1 of 2", "2 of 2"} {
				time.Sleep(time.Second)
				setProgress(wire.Progress{Text: s})
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

// TestConcurrentUse starts, lists, stops and awaits jobs from many goroutines.
func TestConcurrentUse(t *testing.T) {
	const concurrent = 100
	all := jobs.New(t.Context())
	var requesters sync.WaitGroup
	var mu sync.Mutex
	reports := make(map[int]int) // by job
	report := func(n int) {
		mu.Lock()
		defer mu.Unlock()
		reports[n]++
	}
	for i := range concurrent {
		requesters.Go(func() {
			job, err := all.Start(fmt.Sprint("owner", i), "name", func(ctx context.Context, setProgress func(wire.Progress)) {
				setProgress(wire.Progress{Text: "working"})
				<-ctx.Done()
			})
			if !assert.NoError(t, err) {
				return
			}
			for _, other := range all.Running() {
				other.Progress()
			}
			job.Stop()
			if job.Await(t.Context(), 0, func() { report(job.Number) }) {
				report(job.Number)
			}
		})
	}
	requesters.Wait()
	all.Wait()
	assert.Empty(t, all.Running())
	assert.Len(t, reports, concurrent)
	for n, times := range reports {
		assert.Equal(t, 1, times, n)
	}
}

// TestLimits checks the limit of jobs of one owner, and that no job starts while all end.
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
