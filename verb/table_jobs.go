package verb

import (
	"context"
	"fmt"
	"time"

	"emanagement/verb/wire"
)

// Texts of the core that name verbs of this file.
const (
	// jobStarted is a format for the number of a job and its verb.
	jobStarted  = "job %d: %s goes on; messages will tell how far it is and how it ends, and so does listJobs"
	tooManyJobs = "you have too many verbs under way; wait for one to end, or stop one (listJobs, stopJob)"
	// timeoutHint follows the text of a request whose time was over.
	timeoutHint = "; another verb may be busy with the same user (listJobs)"
)

// jobVerbs are the verbs about jobs.
func jobVerbs() []*Verb {
	return []*Verb{
		{
			Name:     "listJobs",
			Title:    "Show jobs",
			Summary:  "show the running jobs",
			Help:     "A job is a verb that takes longer than a client waits. One line per job: number, verb, requester, start, progress. The columns are separated by tabs.",
			Role:     Read,
			Hostless: true,
			run:      listJobs,
		},
		{
			Name:     "stopJob",
			Title:    "Stop job",
			Summary:  "stop a running job",
			Help:     "What the job has done until then stays done. Only its requester may stop a job, or a user who has the role admin on every host.",
			Role:     Read,
			Recorded: true,
			Hostless: true,
			Params:   []Param{{Name: "job", Label: "Number, as listJobs shows it", Kind: Number, Required: true}},
			run:      stopJob,
		},
	}
}

// jobItem is a running job as JSON.
type jobItem struct {
	Job       int    `json:"job"`
	Verb      string `json:"verb"`
	Requester string `json:"asker"`
	Began     string `json:"began"`
	Progress  string `json:"progress"`
	Done      int    `json:"done"`
	Total     int    `json:"total"` // 0 if it is unknown
}

func listJobs(_ context.Context, c *call) (Result, error) {
	r := Result{shape: wire.Table, noun: "job"}
	for _, j := range c.Jobs.Running() {
		began := j.Began.UTC().Format(time.RFC3339)
		p := j.Progress()
		r.add(jobItem{j.Number, j.Name, j.Owner, began, p.Text, p.Done, p.Total}, fmt.Sprint(j.Number), j.Name, j.Owner, began, p.Text)
	}
	return r, nil
}

func stopJob(_ context.Context, c *call) (Result, error) {
	number, _ := c.number("job")
	for _, j := range c.Jobs.Running() {
		if j.Number != number {
			continue
		}
		if j.Owner != identity(c.requester) && !c.admin {
			return refused("job %d is not yours", number), nil
		}
		j.Stop()
		return Result{}, nil
	}
	return refused("job %d not found", number), nil
}
