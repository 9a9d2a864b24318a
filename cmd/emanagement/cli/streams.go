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

// streams are what the program reads from and writes to.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// lines prints lines on the standard output.
func (s streams) lines(lines ...string) error {
	if len(lines) == 0 {
		return nil
	}
	_, err := fmt.Fprintln(s.out, strings.Join(lines, "\n"))
	return err
}

// complain says what is wrong on the standard error.
func (s streams) complain(format string, args ...any) {
	fmt.Fprintf(s.err, "emanagement: "+format+"\n", args...)
}

// watched says whether a person looks at all that is printed.
func (s streams) watched() bool { return isTerminal(s.out) && isTerminal(s.err) }

func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// confirm asks a person whether what a verb destroys is meant. Where nobody is
// there to ask, it is not.
func (s streams) confirm(ctx context.Context, e *wire.Error) bool {
	if !s.watched() || !isTerminal(s.in) {
		return false
	}
	fmt.Fprintf(s.err, "%s. To do it, type %s: ", e.Text, e.Word)
	defer s.endsWith(ctx, func() {})()
	typed, err := bufio.NewReader(s.in).ReadString('\n')
	return err == nil && strings.TrimSpace(typed) == e.Word
}

// password asks a person for one, which is not seen. The error is io.EOF where
// nothing is typed (Ctrl-C, Ctrl-D).
func (s streams) password(ctx context.Context, prompt string) (string, error) {
	fd := int(s.in.(*os.File).Fd())
	state, err := term.MakeRaw(fd)
	if err != nil {
		return "", err
	}
	restore := func() { _ = term.Restore(fd, state) }
	defer restore()
	defer s.endsWith(ctx, restore)()
	screen := struct {
		io.Reader
		io.Writer
	}{s.in, s.err}
	return term.NewTerminal(screen, "").ReadPassword(prompt)
}

// endsWith has a signal end the program while somebody is to type something:
// no context ends a read from a terminal. It is over when the function that it
// returns is called.
func (s streams) endsWith(ctx context.Context, restore func()) (over func() bool) {
	return context.AfterFunc(ctx, func() {
		restore()
		fmt.Fprintln(s.err)
		os.Exit(wire.ExitInterrupted)
	})
}

// progress shows a person how far a verb is.
type progress struct {
	out io.Writer // nil: nobody looks
	bar *progressbar.ProgressBar
}

func (s streams) newProgress() *progress {
	if !s.watched() || os.Getenv("TERM") == "dumb" {
		return new(progress)
	}
	return &progress{out: s.err}
}

// The bar, and what is around it: the percentage, its ends and blanks.
const (
	barWidth  = 20
	barMargin = 12
)

// rowFor is how wide the bar and the text beside it may be, so that both stay on
// one row.
func rowFor(out io.Writer) (bar, text int) {
	width := 80
	if f, ok := out.(*os.File); ok {
		if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
			width = w
		}
	}
	bar = max(1, min(barWidth, width-barMargin))
	return bar, max(0, width-bar-barMargin)
}

// show shows how far it is: a bar where the end is known, else a sign of life.
func (p *progress) show(now wire.Progress) {
	if p.out == nil {
		return
	}
	total := now.Total
	if total == 0 {
		total = -1
	}
	bar, text := rowFor(p.out)
	if p.bar == nil {
		p.bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(p.out), progressbar.OptionClearOnFinish(),
			progressbar.OptionSetWidth(bar), progressbar.OptionSetPredictTime(false), progressbar.OptionShowDescriptionAtLineEnd())
	}
	// A bar that cannot be drawn is no failure of the verb's.
	if p.bar.GetMax() != total {
		p.bar.ChangeMax(total)
	}
	p.bar.Describe(cut(now.Text, text))
	if total < 0 {
		_ = p.bar.Add(1)
	} else {
		_ = p.bar.Set(min(now.Done, total-1)) // at the total it would be over
	}
}

// cut is a text of at most n characters.
func cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}

// end takes the bar away again.
func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}
