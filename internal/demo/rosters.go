package main

import (
	"context"
	"slices"
	"strings"
	"text/tabwriter"

	"golang.org/x/sync/errgroup"

	"emanagement/internal/testserver"
)

// prove shows what the server stores, by the server's own tool, and counts the
// rosters that differ.
func prove(ctx context.Context, s screen, server *testserver.Server) (wrong int, err error) {
	s.heading("What ejabberd stores now, as 'ejabberdctl get_roster USER %s' tells it", host)
	all, err := stored(ctx, server)
	if err != nil {
		return 0, err
	}
	table := tabwriter.NewWriter(s.w, 0, 0, 2, ' ', 0)
	defer table.Flush()
	columns := screen{table, s.colour}
	for i, r := range rosters() {
		columns.roster(r.person, all[i])
		if !slices.Equal(all[i], r.want) {
			columns.roster("DIFFERS from", r.want)
			wrong++
		}
	}
	return wrong, nil
}

// stored reads everybody's roster. The tool takes its time to start, so all
// are asked for at once.
func stored(ctx context.Context, server *testserver.Server) ([][]string, error) {
	all := make([][]string, len(rosters()))
	group, ctx := errgroup.WithContext(ctx)
	for i, r := range rosters() {
		group.Go(func() (err error) {
			all[i], err = storedFor(ctx, server, r.person)
			return err
		})
	}
	return all, group.Wait()
}

// storedFor reads one roster, its items sorted.
func storedFor(ctx context.Context, server *testserver.Server, person string) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	out, err := server.Ctl(ctx, "get_roster", person, host)
	if err != nil || out == "" {
		return nil, err
	}
	return slices.Sorted(strings.SplitSeq(strings.TrimSuffix(out, "\n"), "\n")), nil
}
