// Package jobs runs work that takes longer than its requester waits.
package jobs

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"emanagement/verb/wire"
)

// ErrStopped is the cause with which the context of a stopped job ends.
var ErrStopped = errors.New("stopped")

// ErrTooMany refuses a job to an owner who already has 32.
var ErrTooMany = errors.New("too many jobs at once")

// ErrEnding refuses a job because all jobs are ending.
var ErrEnding = errors.New("no more jobs: they are ending")

// maxJobs limits how many jobs one owner may have at once.
const maxJobs = 32

// Jobs are the running jobs. Its methods may be used concurrently.
type Jobs struct {
	ctx     context.Context
	working sync.WaitGroup

	mu      sync.Mutex
	last    int // the number of the latest job
	running map[int]*Job
}

// New returns an empty set of jobs. All of them end with the context.
func New(ctx context.Context) *Jobs { return &Jobs{ctx: ctx, running: make(map[int]*Job)} }

// Wait blocks until every job has ended. After the end of the context no job can start.
// Before that, the caller must make sure that none does.
func (j *Jobs) Wait() {
	_ = j.Running() // takes the lock: a Start that came before has now counted its job
	j.working.Wait()
}

// Job is one running job.
type Job struct {
	Number int
	Owner  string // the requester
	Name   string
	Began  time.Time

	stop context.CancelCauseFunc
	done chan struct{}

	mu       sync.Mutex
	progress wire.Progress
	onEnd    func() // nil while the requester waits
}

// Start starts a job in a goroutine. The context of work ends when the job is stopped, with
// ErrStopped as its cause, or when all jobs end. work calls setProgress with its progress.
// Errors: ErrTooMany if the owner has 32 running jobs, ErrEnding if all jobs are ending.
func (j *Jobs) Start(owner, name string, work func(ctx context.Context, setProgress func(wire.Progress))) (*Job, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case j.ctx.Err() != nil:
		return nil, ErrEnding
	case j.countOf(owner) >= maxJobs:
		return nil, ErrTooMany
	}
	ctx, stop := context.WithCancelCause(j.ctx)
	j.last++
	job := &Job{Number: j.last, Owner: owner, Name: name, Began: time.Now(), stop: stop, done: make(chan struct{})}
	j.running[job.Number] = job
	j.working.Go(func() {
		defer stop(nil)
		work(ctx, job.setProgress)
		j.mu.Lock()
		delete(j.running, job.Number)
		j.mu.Unlock()
		job.finish()
	})
	return job, nil
}

// countOf counts the running jobs of an owner. The caller holds mu.
func (j *Jobs) countOf(owner string) (n int) {
	for _, job := range j.running {
		if job.Owner == owner {
			n++
		}
	}
	return n
}

// Running lists the jobs that have not ended, oldest first.
func (j *Jobs) Running() []*Job {
	j.mu.Lock()
	defer j.mu.Unlock()
	jobs := make([]*Job, 0, len(j.running))
	for _, job := range j.running {
		jobs = append(jobs, job)
	}
	slices.SortFunc(jobs, func(a, b *Job) int { return a.Number - b.Number })
	return jobs
}

// Stop ends the job's context, and does not block. What the job does until it notices that
// stays done.
func (j *Job) Stop() { j.stop(ErrStopped) }

// Done returns a channel that is closed when the job has ended.
func (j *Job) Done() <-chan struct{} { return j.done }

// Progress returns the latest progress of the job. It is empty at first.
func (j *Job) Progress() wire.Progress {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.progress
}

func (j *Job) setProgress(progress wire.Progress) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.progress = progress
}

// Await blocks until the job ends, the context ends, or maxWait is over, and reports whether
// the job has ended. If it has not, onEnd is called at the job's end, once, in the job's
// goroutine. Wait waits for onEnd too.
func (j *Job) Await(ctx context.Context, maxWait time.Duration, onEnd func()) bool {
	t := time.NewTimer(maxWait)
	defer t.Stop()
	select {
	case <-j.done:
		return true
	case <-t.C:
	case <-ctx.Done():
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	select {
	case <-j.done:
		return true
	default:
		j.onEnd = onEnd
		return false
	}
}

// finish marks the job as ended, and calls onEnd if Await has set it.
func (j *Job) finish() {
	j.mu.Lock()
	close(j.done)
	onEnd := j.onEnd
	j.mu.Unlock()
	if onEnd != nil {
		onEnd()
	}
}
