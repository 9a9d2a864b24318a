package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// commandTimes is how often each command is run, and slowTimes how often ejabberdctl is.
const commandTimes, slowTimes = 100, 10

// measureCommandLine measures how long a program waits that starts a command: ours,
// ejabberdctl, and one that does nothing. The server's own time is that of a program that is
// connected already.
func (r *rig) measureCommandLine(ctx context.Context) (string, error) {
	user := jidOf(stood(0))
	process := func(path string, args ...string) func() error {
		return func() error {
			c := exec.CommandContext(ctx, path, args...)
			c.Env = append(os.Environ(), "EMANAGEMENT_CONTROL="+r.program.Control())
			if out, err := c.CombinedOutput(); err != nil {
				return fmt.Errorf("%s: %w: %s", path, err, out)
			}
			return nil
		}
	}
	connected := r.byControl(ctx, 1)
	own := func() error { return connected(operations(names{r.runs})[0], 0, 1) }
	var b strings.Builder
	b.WriteString("| what runs | median, ms |\n|---|---|\n")
	for _, row := range []struct {
		name  string
		times int
		run   func() error
	}{
		{"a program that does nothing", commandTimes, process("/bin/true")},
		{"`getRoster` by a program that is connected", commandTimes, own},
		{"`emanagement getRoster`", commandTimes, process(command, "getRoster", user)},
		{"`emanagement getRoster --json`", commandTimes, process(command, "getRoster", user, "--json")},
		{"`ejabberdctl get_roster`", slowTimes, func() error {
			_, err := r.server.Ctl(ctx, "get_roster", stood(0), host)
			return err
		}},
	} {
		var times []float64
		for range row.times {
			began := time.Now()
			if err := row.run(); err != nil {
				return "", err
			}
			times = append(times, time.Since(began).Seconds()*1000)
		}
		fmt.Fprintf(&b, "| %s | %.1f |\n", row.name, median(times))
	}
	return b.String(), nil
}
