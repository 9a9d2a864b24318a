package testserver

import (
	"errors"
	"fmt"
	"os"
	"testing"
)

// Kind is the version of ejabberd of a server, and the documented texts in its
// configuration.
type Kind int

const (
	// AdHoc is an ejabberd of 25.03 or newer, with Config.
	AdHoc Kind = iota
	// HTTP is the same ejabberd, with ConfigHTTP instead.
	HTTP
	// AdHocAndHTTP is the same ejabberd, with both.
	AdHocAndHTTP
	// Debian13 is Debian 13's own ejabberd, 24.12, with ConfigHTTP.
	Debian13
	// Debian12 is Debian 12's own ejabberd, 23.01, with ConfigHTTP.
	Debian12
)

// String returns the name of the kind.
func (k Kind) String() string {
	return [...]string{"ad-hoc", "HTTP", "ad-hoc-and-HTTP", "Debian-13", "Debian-12"}[k]
}

// version returns the exact version of the ejabberd, "" for 25.03 or newer.
func (k Kind) version() string {
	switch k {
	case Debian13:
		return "24.12"
	case Debian12:
		return "23.01"
	}
	return ""
}

// documentedTexts returns the texts to merge into the configuration, according
// to docs.
func (k Kind) documentedTexts() []string {
	switch k {
	case AdHoc:
		return []string{Config}
	case AdHocAndHTTP:
		return []string{Config, ConfigHTTP}
	}
	return []string{ConfigHTTP}
}

// New prepares a server of the kind, which is not started yet. It keeps its
// ports when it is stopped and started again. edit, if not nil, may change the
// server's configuration. The error is ErrMissing if there is no such ejabberd.
func (k Kind) New(edit func(config map[string]any)) (*Server, error) { return k.newServer(false, edit) }

// NewStock is New for a server whose configuration is based on Debian's own
// ejabberd.yml.
func (k Kind) NewStock() (*Server, error) { return k.newServer(true, nil) }

func (k Kind) newServer(stock bool, edit func(config map[string]any)) (*Server, error) {
	p, err := findEjabberd(k.version())
	if err != nil {
		return nil, err
	}
	s := &Server{installation: p, kind: k, stock: stock, inspection: newInspectionClient()}
	if s.dir, s.outside, err = p.tempDir(); err != nil {
		return nil, fmt.Errorf("server folder: %w", err)
	}
	if err := s.configure(edit); err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.outside))
	}
	return s, nil
}

// Run starts a server of the kind for a test and closes it at the end of the
// test. If there is no such ejabberd, the test fails and the message names the
// remedy.
func (k Kind) Run(tb testing.TB, edit func(config map[string]any)) *Server {
	tb.Helper()
	s, err := k.New(edit)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
		if tb.Failed() {
			tb.Logf("the server's log:\n%s", s.Log())
		}
	})
	if err := s.Start(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	return s
}

// Run starts a server of the kind AdHoc for a test, as Kind.Run does.
func Run(tb testing.TB, edit func(config map[string]any)) *Server {
	tb.Helper()
	return AdHoc.Run(tb, edit)
}
