package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"emanagement/internal/testserver"
)

// Colours, as SGR sequences.
const (
	plain = "\x1b[0m"
	bold  = "\x1b[1m"
	faint = "\x1b[2m"
	red   = "\x1b[31m"
	green = "\x1b[32m"
)

// screen is where the demo prints. What cannot be written is lost: a closed
// pipe ends the demo by its signal.
type screen struct {
	w      io.Writer
	colour bool
}

// newScreen uses colours where f is a terminal and nobody asks for none
// (no-color.org).
func newScreen(f *os.File) screen {
	stat, err := f.Stat()
	terminal := err == nil && stat.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
	return screen{f, terminal && os.Getenv("NO_COLOR") == ""}
}

func (s screen) printf(format string, args ...any) { fmt.Fprintf(s.w, format, args...) }

func (s screen) paint(colour, text string) string {
	if !s.colour {
		return text
	}
	return colour + text + plain
}

// timed says what is being done, does it, and says how long it took.
func (s screen) timed(what string, do func() error) error {
	s.printf("%s ...", what)
	began := time.Now()
	if err := do(); err != nil {
		s.printf("\n")
		return err
	}
	s.printf(" %.1f s\n", time.Since(began).Seconds())
	return nil
}

func (s screen) heading(format string, args ...any) {
	s.printf("\n%s\n", s.paint(bold, fmt.Sprintf(format, args...)))
}

func (s screen) good(format string, args ...any) {
	s.printf("\n%s\n", s.paint(green, fmt.Sprintf(format, args...)))
}

// offers shows the names of commands, as many on a line as fit.
func (s screen) offers(service string, names []string) {
	s.heading("%s offers %s %d commands:", service, admin, len(names))
	line := " "
	for _, name := range names {
		if len(line)+1+len(name) > 78 {
			s.printf("%s\n", line)
			line = " "
		}
		line += " " + name
	}
	s.printf("%s\n", line)
}

// explain says what the notation means.
func (s screen) explain() {
	s.heading("The verbs of the guide, run by %s", admin)
	s.printf("%s", `Written as the guide writes them. There is no shell: each is an ad-hoc command
(XEP-0050), its form asked for, filled in with the arguments and submitted, as
any XMPP client can.
`)
}

// command shows a step as one would type it in a shell.
func (s screen) command(st step) {
	if st.remark != "" {
		s.printf("\n%s\n", s.paint(faint, "# "+st.remark))
	}
	line := "emanagement " + st.verb
	for _, arg := range st.args {
		line += " " + quote(arg)
	}
	s.printf("%s %s\n", s.paint(faint, "$"), s.paint(bold, line))
}

// quote writes an argument so that a shell takes it as it is.
func quote(arg string) string {
	special := func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("@%+=:,./_-", r))
	}
	if arg != "" && !strings.ContainsFunc(arg, special) {
		return arg
	}
	return "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
}

func (s screen) lines(lines []string) {
	for _, line := range lines {
		s.printf("%s\n", line)
	}
}

// differs shows what should have come instead.
func (s screen) differs(want []string) {
	s.printf("%s\n", s.paint(red, "DIFFERS, expected was:"))
	s.lines(want)
}

// roster shows the items of a person, one a line.
func (s screen) roster(person string, items []string) {
	if len(items) == 0 {
		items = []string{s.paint(faint, "no contacts")}
	}
	for _, item := range items {
		s.printf("  %s\t%s\n", person, item)
		person = ""
	}
}

// invite says how to try what is running.
func (s screen) invite(server *testserver.Server) {
	ip, port, _ := strings.Cut(server.ClientAddr(), ":")
	s.heading("Everything stays up until Ctrl-C, for an XMPP client of your own")
	s.printf("  account   %s, password %s (as of all accounts)\n", admin, password)
	s.printf("  server    %s, port %s, without TLS: it must be disabled in the client\n", ip, port)
	s.printf("  commands  at %s\n", testserver.Component)
	s.printf("\nIn profanity, for example:\n")
	s.printf("  /connect %s server %s port %s tls disable\n", admin, ip, port)
	s.printf("  /cmd list %s\n", testserver.Component)
	s.printf("  /cmd exec getRoster %s\n", testserver.Component)
	s.printf("  /field1 %s\n", demo)
	s.printf("  /form submit\n")
}
