package testserver

import (
	"errors"
	"fmt"
	"os"
	"testing"
)

// Kind says which ejabberd a server is and with which of the documented texts
// it starts.
type Kind int

const (
	// AdHoc is an ejabberd of 25.03 or newer, with Config.
	AdHoc Kind = iota
	// HTTP is the same with ConfigHTTP instead.
	HTTP
	// AdHocAndHTTP is the same with both.
	AdHocAndHTTP
	// Debian13 is Debian 13's own ejabberd, 24.12, with ConfigHTTP.
	Debian13
	// Debian12 is Debian 12's own ejabberd, 23.01, with ConfigHTTP.
	Debian12
)

func (k Kind) String() string {
	return [...]string{"ad-hoc", "HTTP", "ad-hoc-and-HTTP", "Debian-13", "Debian-12"}[k]
}

// version is exactly the one asked for, "" for 25.03 or newer.
func (k Kind) version() string {
	switch k {
	case Debian13:
		return "24.12"
	case Debian12:
		return "23.01"
	}
	return ""
}

// texts are what the README says to merge for it.
func (k Kind) texts() []string {
	switch k {
	case AdHoc:
		return []string{Config}
	case AdHocAndHTTP:
		return []string{Config, ConfigHTTP}
	}
	return []string{ConfigHTTP}
}

// New prepares a server of the kind that is not started yet. Its ports stay
// the same when it is stopped and started again. The function edit, where not
// nil, may change the server's configuration. The error is ErrMissing where
// there is no such ejabberd.
func (k Kind) New(edit func(config map[string]any)) (*Server, error) { return k.newServer(false, edit) }

// NewStock is New, but that the server's configuration is made of Debian's own.
func (k Kind) NewStock() (*Server, error) { return k.newServer(true, nil) }

func (k Kind) newServer(stock bool, edit func(config map[string]any)) (*Server, error) {
	p, err := find(k.version())
	if err != nil {
		return nil, err
	}
	s := &Server{program: p, kind: k, stock: stock, looking: newLooking()}
	if s.dir, s.outside, err = p.tempDir(); err != nil {
		return nil, fmt.Errorf("server folder: %w", err)
	}
	if err := s.configure(edit); err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.outside))
	}
	return s, nil
}

// Run starts a server of the kind for a test and closes it at the test's end.
// Where there is no such ejabberd, the test fails and says what to do.
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
