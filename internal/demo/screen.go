package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"emanagement/internal/testserver"
)

// The colours, as SGR escape sequences.
const (
	plain = "\x1b[0m"
	bold  = "\x1b[1m"
	faint = "\x1b[2m"
	red   = "\x1b[31m"
	green = "\x1b[32m"
)

// screen prints the output of the demo. It ignores write errors: a closed pipe ends
// the demo by SIGPIPE.
type screen struct {
	w      io.Writer
	colour bool
}

// newScreen returns a screen that uses colours if f is a terminal, unless TERM or
// NO_COLOR (no-color.org) disables them.
func newScreen(f *os.File) screen {
	stat, err := f.Stat()
	terminal := err == nil && stat.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
	return screen{f, terminal && os.Getenv("NO_COLOR") == ""}
}

func (s screen) printf(format string, args ...any) { fmt.Fprintf(s.w, format, args...) }

// paint returns the text in a colour, or unchanged on a screen without colours.
func (s screen) paint(colour, text string) string {
	if !s.colour {
		return text
	}
	return colour + text + plain
}

// timed prints an action, runs it and prints how long it took.
func (s screen) timed(action string, do func() error) error {
	s.printf("%s ...", action)
	began := time.Now()
	if err := do(); err != nil {
		s.printf("\n")
		return err
	}
	s.printf(" %.1f s\n", time.Since(began).Seconds())
	return nil
}

// heading prints a bold line.
func (s screen) heading(format string, args ...any) {
	s.printf("\n%s\n", s.paint(bold, fmt.Sprintf(format, args...)))
}

// success prints a green line.
func (s screen) success(format string, args ...any) {
	s.printf("\n%s\n", s.paint(green, fmt.Sprintf(format, args...)))
}

// commandList prints the names of the commands, as many per line as fit.
func (s screen) commandList(service string, names []string) {
	s.heading("%s offers %d commands to %s:", service, len(names), admin)
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

// explainNotation explains how the demo prints a command.
func (s screen) explainNotation() {
	s.heading("The verbs of the guide, run by %s", admin)
	s.printf("%s", `Each line looks as in the guide, but no shell runs it. The demo runs an ad-hoc
command (XEP-0050): it requests the form, fills in the arguments and submits the
form, as any XMPP client can.
`)
}

// command prints a step as a shell command line.
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

// quote quotes an argument for a shell.
func quote(arg string) string {
	special := func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("@%+=:,./_-", r))
	}
	if arg != "" && !strings.ContainsFunc(arg, special) {
		return arg
	}
	return "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
}

// lines prints lines.
func (s screen) lines(lines []string) {
	for _, line := range lines {
		s.printf("%s\n", line)
	}
}

// differs prints the expected lines after different ones.
func (s screen) differs(want []string) {
	s.printf("%s\n", s.paint(red, "DIFFERS; the expected answer:"))
	s.lines(want)
}

// roster prints the items of an account, one per line.
func (s screen) roster(account string, items []string) {
	if len(items) == 0 {
		items = []string{s.paint(faint, "no contacts")}
	}
	for _, item := range items {
		s.printf("  %s\t%s\n", account, item)
		account = ""
	}
}

// howToConnect prints how to connect another XMPP client to the running server.
func (s screen) howToConnect(server *testserver.Server) {
	ip, port, _ := strings.Cut(server.ClientAddr(), ":")
	s.heading("Everything keeps running until Ctrl-C. Connect your own XMPP client:")
	s.printf("  account   %s, password %s (the same for every account)\n", admin, password)
	s.printf("  server    %s, port %s; disable TLS in the client\n", ip, port)
	s.printf("  commands  at %s\n", testserver.Component)
	s.printf("\nIn profanity, for example:\n")
	s.printf("  /connect %s server %s port %s tls disable\n", admin, ip, port)
	s.printf("  /cmd list %s\n", testserver.Component)
	s.printf("  /cmd exec getRoster %s\n", testserver.Component)
	s.printf("  /field1 %s\n", demo)
	s.printf("  /form submit\n")
}
