package main

import (
	"context"
	"slices"
	"strings"
	"text/tabwriter"

	"golang.org/x/sync/errgroup"

	"emanagement/internal/testserver"
)

// compareRosters prints the rosters that the server stores, according to the
// server's own tool, and counts the wrong ones.
func compareRosters(ctx context.Context, s screen, server *testserver.Server) (wrong int, err error) {
	s.heading("The rosters in ejabberd now, printed by 'ejabberdctl get_roster USER %s'", host)
	all, err := storedRosters(ctx, server)
	if err != nil {
		return 0, err
	}
	table := tabwriter.NewWriter(s.w, 0, 0, 2, ' ', 0)
	defer table.Flush()
	columns := screen{table, s.colour}
	for i, r := range expectedRosters() {
		columns.roster(r.account, all[i])
		if !slices.Equal(all[i], r.items) {
			columns.roster("EXPECTED", r.items)
			wrong++
		}
	}
	return wrong, nil
}

// storedRosters reads the roster of every account. It reads all at once, because
// the tool takes long to start.
func storedRosters(ctx context.Context, server *testserver.Server) ([][]string, error) {
	all := make([][]string, len(expectedRosters()))
	group, ctx := errgroup.WithContext(ctx)
	for i, r := range expectedRosters() {
		group.Go(func() (err error) {
			all[i], err = storedRoster(ctx, server, r.account)
			return err
		})
	}
	return all, group.Wait()
}

// storedRoster reads one roster and sorts its items.
func storedRoster(ctx context.Context, server *testserver.Server, account string) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, exchangeTimeout)
	defer cancel()
	out, err := server.Ctl(ctx, "get_roster", account, host)
	if err != nil || out == "" {
		return nil, err
	}
	return slices.Sorted(strings.SplitSeq(strings.TrimSuffix(out, "\n"), "\n")), nil
}
