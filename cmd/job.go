package cmd

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"emanagement/internal/jobs"
)

const (
	// patience is how long an asker is kept waiting before a verb goes on as a
	// job: clients give up after 10 s or later.
	patience = 8 * time.Second
	// tellTimeout bounds the message about a job's end.
	tellTimeout = 30 * time.Second
)

// runAsJob runs a verb as a job and waits for its end as long as the asker
// does. After that, the asker gets a message when it ends.
func (n *Namespace) runAsJob(ctx context.Context, v *Verb, c *call, carryOut func(context.Context) (Result, error)) (Result, error) {
	var r Result // both are the job's until it has ended
	var err error
	job := n.services.Jobs.Start(c.asker.Bare().String(), v.Name, func(ctx context.Context, say func(string)) {
		c.say = say
		r, err = carryOut(ctx)
	})
	if job.Await(ctx, patience, func() { n.tellEnd(c, job, r, err) }) {
		return r, err
	}
	return accepted("job %d: %s goes on; a message will tell its end, and listJobs how far it is", job.Number, v.Name), nil
}

// cutShort is the failure of a job whose context has ended: that happens only
// when it is stopped, or with the program.
func cutShort(cause error) error {
	who := "the component was stopped"
	if errors.Is(cause, jobs.ErrStopped) {
		who = "stopped"
	}
	return &FailedError{Text: who + "; what was done until then stays done", Err: cause}
}

// tellEnd sends the end of a job to the one who asked for it.
func (n *Namespace) tellEnd(c *call, job *jobs.Job, r Result, err error) {
	text := fmt.Sprintf("job %d: %s: %s", job.Number, job.Name, end(r, err))
	ctx, cancel := context.WithTimeout(context.Background(), tellTimeout)
	defer cancel()
	if err := n.services.Tell(ctx, c.asker, text); err != nil {
		n.log.Warn("the end of a job could not be told", "job", job.Number, "to", c.asker, "why", err)
	}
	n.log.Info("job ended", "job", job.Number, "verb", job.Name, "took", time.Since(job.Began))
}

// end says how a verb ended. One that was not carried out to its end may have
// a table of what it has done until then.
func end(r Result, err error) string {
	if err == nil {
		return strings.Join(r.Lines(), "\n")
	}
	text := err.Error()
	if e, ok := errors.AsType[*FailedError](err); ok {
		text = e.Text
	}
	if r.shape == table {
		text = strings.Join(append([]string{text}, r.Lines()...), "\n")
	}
	return text
}

// jobVerbs is the part of the table that looks after verbs that take long.
func jobVerbs() []*Verb {
	return []*Verb{
		{
			Name:     "listJobs",
			Summary:  "show the verbs that are under way",
			Help:     "Those that take longer than a client waits. One line each: number, verb, who asked, since when, how far. The columns are separated by tabs.",
			Role:     Read,
			Hostless: true,
			run:      listJobs,
		},
		{
			Name:     "stopJob",
			Summary:  "stop a verb that is under way",
			Help:     "What it has done until then stays done. Only who asked for it may stop it, and who has the role admin.",
			Role:     Read,
			Hostless: true,
			Params:   []Param{{"job", "Number, as listJobs shows it", Number, true}},
			run:      stopJob,
		},
	}
}

func listJobs(_ context.Context, c *call) (Result, error) {
	r := Result{shape: table, what: "job"}
	for _, j := range c.Jobs.Running() {
		r.rows = append(r.rows, []string{fmt.Sprint(j.Number), j.Name, j.Owner, j.Began.UTC().Format(time.RFC3339), j.Progress()})
	}
	return r, nil
}

func stopJob(_ context.Context, c *call) (Result, error) {
	number, _ := c.num("job")
	for _, j := range c.Jobs.Running() {
		if j.Number != number {
			continue
		}
		if j.Owner != c.asker.Bare().String() && !c.admin {
			return refused("job %d is not yours", number), nil
		}
		j.Stop()
		return Result{}, nil
	}
	return refused("job %d not found", number), nil
}
