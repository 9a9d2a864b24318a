package cli

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"emanagement/verb/wire"
)

// streams are the program's standard streams.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// printLines prints lines on the standard output.
func (s streams) printLines(lines ...string) error {
	if len(lines) == 0 {
		return nil
	}
	_, err := fmt.Fprintln(s.out, strings.Join(lines, "\n"))
	return err
}

// notify prints a message on the standard error.
func (s streams) notify(format string, args ...any) {
	fmt.Fprintf(s.err, "emanagement: "+format+"\n", args...)
}

// isInteractive reports whether a person sees all output.
func (s streams) isInteractive() bool { return isTerminal(s.out) && isTerminal(s.err) }

func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// confirm asks a person to confirm the destruction that e describes, and reports whether
// the person did. Without a terminal it returns false.
func (s streams) confirm(ctx context.Context, e *wire.Error) bool {
	if !s.isInteractive() || !isTerminal(s.in) {
		return false
	}
	fmt.Fprintf(s.err, "%s. To do it, type %s: ", e.Text, e.Word)
	defer s.exitOnSignal(ctx, func() {})()
	typed, err := bufio.NewReader(s.in).ReadString('\n')
	return err == nil && strings.TrimSpace(typed) == e.Word
}

// password asks a person for a password, which the terminal does not show. The error is
// io.EOF if the person types Ctrl-C or Ctrl-D.
func (s streams) password(ctx context.Context, prompt string) (string, error) {
	fd := int(s.in.(*os.File).Fd())
	state, err := term.MakeRaw(fd)
	if err != nil {
		return "", err
	}
	restore := func() { _ = term.Restore(fd, state) }
	defer restore()
	defer s.exitOnSignal(ctx, restore)()
	screen := struct {
		io.Reader
		io.Writer
	}{s.in, s.err}
	return term.NewTerminal(screen, "").ReadPassword(prompt)
}

// exitOnSignal exits the program when a signal ends the context, because a context cannot
// end a read from a terminal. restore restores the terminal before that. The returned
// function cancels it.
func (s streams) exitOnSignal(ctx context.Context, restore func()) (cancel func() bool) {
	return context.AfterFunc(ctx, func() {
		restore()
		fmt.Fprintln(s.err)
		os.Exit(wire.ExitInterrupted)
	})
}

// progress shows the progress of a verb to a person.
type progress struct {
	out io.Writer // nil: no person sees it
	bar *progressbar.ProgressBar
}

func (s streams) newProgress() *progress {
	if !s.isInteractive() || os.Getenv("TERM") == "dumb" {
		return new(progress)
	}
	return &progress{out: s.err}
}

const (
	// barWidth is the width of the bar, in characters.
	barWidth = 20
	// barMargin is the width of the percentage, the ends of the bar, and the spaces.
	barMargin = 12
)

// rowLayout returns the widths of the bar and of the text beside it, in characters. Both
// fit into one row of the terminal.
func rowLayout(out io.Writer) (bar, text int) {
	width := 80
	if f, ok := out.(*os.File); ok {
		if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
			width = w
		}
	}
	bar = max(1, min(barWidth, width-barMargin))
	return bar, max(0, width-bar-barMargin)
}

// draw draws a bar if the total is known, and otherwise a sign of life.
func (p *progress) draw(now wire.Progress) {
	if p.out == nil {
		return
	}
	total := now.Total
	if total == 0 {
		total = -1
	}
	bar, text := rowLayout(p.out)
	if p.bar == nil {
		p.bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(p.out), progressbar.OptionClearOnFinish(),
			progressbar.OptionSetWidth(bar), progressbar.OptionSetPredictTime(false), progressbar.OptionShowDescriptionAtLineEnd())
	}
	// Errors are ignored, because the verb does not depend on the bar.
	if p.bar.GetMax() != total {
		p.bar.ChangeMax(total)
	}
	p.bar.Describe(truncated(now.Text, text))
	if total < 0 {
		_ = p.bar.Add(1)
	} else {
		_ = p.bar.Set(min(now.Done, total-1)) // at the total the library would end the bar
	}
}

// truncated returns the first n characters of a text.
func truncated(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}

// clear removes the bar from the terminal.
func (p *progress) clear() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}
