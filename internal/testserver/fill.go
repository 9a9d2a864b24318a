package testserver

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"
)

// RingUser returns the n-th user of FillRosters, counted from 0.
func RingUser(n int) string { return fmt.Sprintf("user%05d", n) }

// Ring returns the items of rosters on localhost, as user and contact: each user has the users
// before and after it in a ring as contacts. So every roster leads to all others.
func Ring(users, contacts int) iter.Seq2[string, string] {
	return func(yield func(user, contact string) bool) {
		for n := range users {
			for d := 1; d <= contacts/2; d++ {
				if !yield(RingUser(n), RingUser((n+d)%users)) || !yield(RingUser(n), RingUser((n+users-d)%users)) {
					return
				}
			}
		}
	}
}

// FillRosters writes the rosters of a ring into the database of a server on Mnesia. The
// contacts have their own names as nicks, and are in the group SocialStream.
func (s *Server) FillRosters(ctx context.Context, users, contacts int) error {
	return s.load(ctx, func(yield func(record string) bool) {
		for user, contact := range Ring(users, contacts) {
			if !yield(record(user, contact, contact, "SocialStream")) {
				return
			}
		}
	})
}

// FillRoster writes one roster in the same way: the contacts c0, c1 and so on, with one nick
// and one group.
func (s *Server) FillRoster(ctx context.Context, user string, contacts int, nick, group string) error {
	return s.load(ctx, func(yield func(record string) bool) {
		for n := range contacts {
			if !yield(record(user, fmt.Sprintf("c%d", n), nick, group)) {
				return
			}
		}
	})
}

// record returns an item with the subscription both, as ejabberd keeps it.
func record(user, contact, nick, group string) string {
	us, jid := fmt.Sprintf(`{<<"%s">>,<<"localhost">>}`, user), fmt.Sprintf(`{<<"%s">>,<<"localhost">>,<<>>}`, contact)
	return fmt.Sprintf(`{roster,{<<"%s">>,<<"localhost">>,%s},%s,%s,<<"%s">>,both,false,none,[<<"%s">>],<<>>,[]}.`+"\n", user, jid, us, jid, nick, group)
}

// loadedAtOnce is the number of records in one file: ejabberdctl waits at most one minute for a
// file.
const loadedAtOnce = 20_000

// load loads files of records. Writing many items one by one would take minutes.
func (s *Server) load(ctx context.Context, records iter.Seq[string]) error {
	const head = "{tables,[{roster,[{record_name,roster},{attributes,[usj,us,jid,name,subscription,approved,ask,groups,askmessage,xs]}]}]}.\n"
	inside, outside := s.Path("rosters.txt")
	text, count := bytes.NewBufferString(head), 0
	flush := func() error {
		if err := os.WriteFile(outside, text.Bytes(), 0o644); err != nil {
			return err
		}
		text = bytes.NewBufferString(head)
		_, err := s.Ctl(ctx, "load", inside)
		return err
	}
	for r := range records {
		text.WriteString(r)
		if count++; count%loadedAtOnce == 0 {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// PID returns the process ID of the running server.
func (s *Server) PID() (int, error) {
	paths, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		return 0, err
	}
	node := fmt.Sprintf("em%d@localhost", s.dist)
	for _, p := range paths {
		text, err := os.ReadFile(p) // an error means that the process has ended
		words := strings.Split(string(text), "\x00")
		if err == nil && strings.HasSuffix(words[0], "beam.smp") && strings.Contains(string(text), node) {
			var pid int
			_, err := fmt.Sscanf(p, "/proc/%d/cmdline", &pid)
			return pid, err
		}
	}
	return 0, fmt.Errorf("%s: no such process", node)
}
