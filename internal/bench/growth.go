package main

import (
	"context"
	"fmt"
	"strings"
)

// growthSizes are the numbers of contacts of which the growth is measured.
var growthSizes = []int{20, 1000, 10_000}

// growthTimes is how often each operation is repeated.
const growthTimes = 20

// hubAdds is the number of contacts that are added to the hub at once, and hubRounds how often.
const hubAdds, hubRounds = 64, 7

// measureGrowth measures operations of one requester, by the size of the roster: the time that
// each takes, the program's CPU time, and the server's.
func (r *rig) measureGrowth(ctx context.Context) (string, error) {
	var b strings.Builder
	columns := []string{"get", "unchanged add", "check a pair", "add", "pair", "remove"}
	b.WriteString("| roster | " + strings.Join(columns, " | ") + " |\n|---|" + strings.Repeat("---|", len(columns)) + "\n")
	for _, size := range growthSizes {
		hub := fmt.Sprintf("hub%d", size)
		if err := r.server.FillRoster(ctx, hub, size, nick, group); err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "| %d |", size)
		for _, o := range hubOperations(hub) {
			cell, err := r.measureHub(ctx, o)
			if err != nil {
				return "", fmt.Errorf("%s, %d contacts: %w", o.name, size, err)
			}
			b.WriteString(" " + cell + " |")
		}
		b.WriteString("\n")
	}
	b.WriteString("\nEach figure is the time that the requester waits, and in parentheses the program's and the server's CPU time, in milliseconds.\n")
	ratio, err := r.measureHubAdds(ctx, fmt.Sprintf("hub%d", growthSizes[len(growthSizes)-1]))
	fmt.Fprintf(&b, "\nWhen %d contacts are added at once to the roster of %d, which was read before, that is %.2f times as quick as the bare stanzas.\n", hubAdds, growthSizes[len(growthSizes)-1], ratio)
	return b.String(), err
}

// hubOperations returns the operations about a roster that stands.
func hubOperations(hub string) []operation {
	arguments := func(pairs ...string) func(int) [][2]string {
		return func(n int) (list [][2]string) {
			for i := 0; i < len(pairs); i += 2 {
				list = append(list, [2]string{pairs[i], strings.ReplaceAll(pairs[i+1], "#", fmt.Sprint(n))})
			}
			return list
		}
	}
	h, known, fresh := jidOf(hub), jidOf("c7"), jidOf("new#")
	return []operation{
		{name: "get", verb: "getRoster", args: arguments("userJid", h)},
		{name: "unchanged add", verb: "addBuddyToRoster", args: arguments("userJid", h, "buddyJid", known, "buddyNick", nick, "buddyGroup", group, "subscription_type", "both")},
		{name: "check a pair", verb: "checkBidirecctionalBuddys", args: arguments("userAJid", h, "userBJid", known)},
		{name: "add", writes: true, verb: "addBuddyToRoster", args: arguments("userJid", h, "buddyJid", fresh, "buddyNick", nick, "buddyGroup", group, "subscription_type", "both")},
		{name: "pair", writes: true, verb: "setBidireccionalBuddys", args: arguments("userAJid", h, "userBJid", jidOf("pal#"), "userANick", nick, "userBNick", nick, "groupForA", group, "groupForB", group)},
		{name: "remove", writes: true, verb: "removeBuddyFromRoster", args: arguments("userJid", h, "buddyJid", fresh)},
	}
}

// measureHub repeats an operation of one requester over the control socket.
func (r *rig) measureHub(ctx context.Context, o operation) (string, error) {
	do := r.byControl(ctx, 1)
	if !o.writes { // what the first ones read is kept
		if err := do(o, 0, 2); err != nil {
			return "", err
		}
	}
	used, took, err := r.time(func() error { return do(o, 0, growthTimes) })
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%.1f (%.1f + %.1f)", took.Seconds()*1000/growthTimes, used[0]/growthTimes, used[1]/growthTimes), nil
}

// measureHubAdds adds many contacts to one roster at once, and returns the median of the rates
// compared with that of the bare stanzas. Before, the roster is read, as it is when it was
// quiet for a moment.
func (r *rig) measureHubAdds(ctx context.Context, hub string) (float64, error) {
	do, o := r.byControl(ctx, hubAdds), hubOperations(hub)
	var ratios []float64
	for round := range hubRounds {
		first := (round + 1) * 1000
		_, bare, err := r.time(func() error {
			return r.askBare(serverWindow, first, hubAdds, func(n int) []stanza { return []stanza{add(hub, fmt.Sprintf("bare%d", n))} })
		})
		if err != nil {
			return 0, err
		}
		if err := do(o[0], 0, 1); err != nil {
			return 0, err
		}
		_, ours, err := r.time(func() error { return do(o[3], first, hubAdds) })
		if err != nil {
			return 0, err
		}
		ratios = append(ratios, bare.Seconds()/ours.Seconds())
	}
	return median(ratios), nil
}
