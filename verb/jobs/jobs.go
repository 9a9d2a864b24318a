// Package jobs keeps work going that takes longer than whoever asked for it
// waits.
package jobs

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"emanagement/verb/wire"
)

// ErrStopped is why the context of a stopped job has ended.
var ErrStopped = errors.New("stopped")

// ErrTooMany refuses a job to an owner who has too many.
var ErrTooMany = errors.New("too many jobs at once")

// ErrEnding refuses a job because all jobs are ending.
var ErrEnding = errors.New("no more jobs: they are ending")

// maxJobs is how many jobs one owner may have at once.
const maxJobs = 32

// Jobs is the work that is under way. Its methods may be used by many
// goroutines at once.
type Jobs struct {
	ctx     context.Context
	working sync.WaitGroup

	mu      sync.Mutex
	last    int
	running map[int]*Job
}

// New returns jobs that all end with the context.
func New(ctx context.Context) *Jobs { return &Jobs{ctx: ctx, running: make(map[int]*Job)} }

// Wait waits until every job has ended. Once the context has, no other is begun;
// before, whoever waits must see to that.
func (j *Jobs) Wait() {
	_ = j.Running() // takes its turn: whoever began one before the end has it counted by now
	j.working.Wait()
}

// Job is one piece of work.
type Job struct {
	Number int
	Owner  string // who asked for it
	Name   string
	Began  time.Time

	stop context.CancelCauseFunc
	done chan struct{}

	mu       sync.Mutex
	progress wire.Progress
	then     func()
}

// Start begins a piece of work. Its context ends when it is stopped, with
// ErrStopped as the cause, or with all jobs; say notes how far it is.
// ErrTooMany where the owner has 32 under way, ErrEnding where all are ending.
func (j *Jobs) Start(owner, name string, work func(ctx context.Context, say func(wire.Progress))) (*Job, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case j.ctx.Err() != nil:
		return nil, ErrEnding
	case j.owned(owner) >= maxJobs:
		return nil, ErrTooMany
	}
	ctx, stop := context.WithCancelCause(j.ctx)
	j.last++
	job := &Job{Number: j.last, Owner: owner, Name: name, Began: time.Now(), stop: stop, done: make(chan struct{})}
	j.running[job.Number] = job
	j.working.Go(func() {
		defer stop(nil)
		work(ctx, job.say)
		j.mu.Lock()
		delete(j.running, job.Number)
		j.mu.Unlock()
		job.finish()
	})
	return job, nil
}

// owned counts an owner's jobs. Who calls it holds mu.
func (j *Jobs) owned(owner string) (n int) {
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

// Stop tells the job to stop. What it does until it notices is done.
func (j *Job) Stop() { j.stop(ErrStopped) }

// Done is closed when the job has ended.
func (j *Job) Done() <-chan struct{} { return j.done }

// Progress returns what the job last said of itself, empty at first.
func (j *Job) Progress() wire.Progress {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.progress
}

func (j *Job) say(progress wire.Progress) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.progress = progress
}

// Await waits for the job's end, for as long as its asker has patience, and
// reports whether it has ended. If it has not, then is called at its end, once,
// in the job's goroutine; Wait waits for that too.
func (j *Job) Await(ctx context.Context, patience time.Duration, then func()) bool {
	t := time.NewTimer(patience)
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
		j.then = then
		return false
	}
}

func (j *Job) finish() {
	j.mu.Lock()
	close(j.done)
	then := j.then
	j.mu.Unlock()
	if then != nil {
		then()
	}
}
