// Command bench measures what the verbs cost, compared with the bare stanzas that do the
// same and with ejabberd's own HTTP API. It starts private servers and the real program
// beside them. All ways are measured in one run, in interleaved rounds, on one server: on
// another machine the figures differ, and their ratios hardly do.
//
// "make bench" runs it, from the module's folder. It leaves nothing behind but the page
// that -write names.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// settings say how much is measured.
type settings struct {
	rounds int
	count  int    // of operations in one round; a quarter of it for operations that write
	page   string // the page to write the figures into; empty: none
}

func main() {
	var s settings
	flag.IntVar(&s.rounds, "rounds", 5, "the number of rounds of which each figure is the median")
	flag.IntVar(&s.count, "n", 2000, "the number of operations in a round; a quarter of it for those that write")
	flag.StringVar(&s.page, "write", "", "the page to write the figures into")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, s)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run measures everything and prints each table as soon as it is complete.
func run(ctx context.Context, s settings) error {
	var page strings.Builder
	section := func(title, table string) {
		text := fmt.Sprintf("### %s\n\n%s\n", title, table)
		fmt.Println(text)
		page.WriteString(text)
	}
	if err := measureServer(ctx, s, section); err != nil {
		return err
	}
	sizes, err := measureSizes(ctx, s)
	if err != nil {
		return err
	}
	section("One requester, on a small and on a large server", sizes)
	if s.page == "" {
		return nil
	}
	return writePage(s.page, machine()+"\n"+page.String())
}

// measureServer measures every operation by every way, the growth with the roster, the
// command line and the memory.
func measureServer(ctx context.Context, s settings, section func(title, table string)) (err error) {
	r, err := startRig(ctx, smallServer)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	resting, err := r.residentMemory()
	if err != nil {
		return err
	}
	for _, inFlight := range []int{64, 16, 1} {
		t, err := r.measureOperations(ctx, s, inFlight)
		if err != nil {
			return err
		}
		section(fmt.Sprintf("%d in flight", inFlight), t.markdown())
	}
	peak, err := r.peakMemory()
	if err != nil {
		return err
	}
	growth, err := r.measureGrowth(ctx)
	if err != nil {
		return err
	}
	section("One at a time, by the size of the roster", growth)
	line, err := r.measureCommandLine(ctx)
	if err != nil {
		return err
	}
	section("The command line", line)
	section("Memory", fmt.Sprintf("| | resident, MiB |\n|---|---|\n| at rest | %.0f |\n| at most, 64 in flight | %.0f |\n", resting, peak))
	return nil
}
