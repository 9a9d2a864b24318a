package store

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"mellium.im/xmpp/jid"

	"emanagement/xmpp/address"
)

// batch is how many users are imported at once: enough to be quick, few enough
// that the component's own writes need not wait.
const batch = 5000

// noise is what ejabberdctl process_rosteritems says besides the items, on
// Mnesia.
var noise = []string{"There are ", "Progress ", "Matches: "}

// Import reads users into the index: one bare JID a line, or a user and a
// contact with a tab between, as ejabberdctl process_rosteritems list prints
// them. It says how many users it read and how many of them are new. A line
// that is neither is given to bad, and left out but for a user that can be read.
// The error is that of the reader or names the file.
func (x *Index) Import(ctx context.Context, r io.Reader, bad func(line int, why error)) (read, added int, err error) {
	lines := bufio.NewReaderSize(r, longest)
	seen := make(map[string]struct{}) // a user has as many lines as contacts
	var users []jid.JID
	add := func() error {
		n, err := x.Add(ctx, users...)
		added += n
		users = users[:0]
		return err
	}
	for number := 1; ; number++ {
		line, err := nextLine(lines)
		if err == io.EOF {
			return len(seen), added, add()
		}
		if err != nil && err != errLong {
			return len(seen), added, errors.Join(fmt.Errorf("line %d: cannot be read: %w", number, err), add())
		}
		var found []jid.JID
		if err == nil {
			found, err = parse(line)
		}
		if err != nil {
			bad(number, err)
		}
		for _, u := range found {
			if _, ok := seen[u.String()]; ok {
				continue
			}
			seen[u.String()] = struct{}{}
			users = append(users, u)
		}
		if len(users) >= batch {
			if err := add(); err != nil {
				return len(seen), added, err
			}
		}
	}
}

// longest is how many bytes a line may have. Two JIDs need a tenth of that.
const longest = 64 << 10

var errLong = errors.New("the line is too long")

// nextLine is the next line, without the mark that Windows begins a file with.
// errLong where it is too long, and io.EOF after the last one.
func nextLine(r *bufio.Reader) (string, error) {
	line, more, err := r.ReadLine()
	if !more {
		return strings.TrimPrefix(string(line), "\ufeff"), err
	}
	for more && err == nil {
		_, more, err = r.ReadLine()
	}
	if err != nil && err != io.EOF {
		return "", err
	}
	return "", errLong
}

// parse reads the users in a line.
func parse(line string) ([]jid.JID, error) {
	for _, start := range noise {
		if strings.HasPrefix(line, start) {
			return nil, nil
		}
	}
	if line = strings.TrimSpace(line); line == "" {
		return nil, nil
	}
	user, contact, two := strings.Cut(line, "\t")
	u, err := parseUser(user)
	if err != nil {
		return nil, err
	}
	users := []jid.JID{u}
	if !two {
		return users, nil
	}
	c, err := address.Parse(contact)
	if err != nil { // the user is none the less
		return users, fmt.Errorf("%q is not a JID", contact)
	}
	if c.Localpart() != "" { // a gateway has no roster
		users = append(users, c.Bare())
	}
	return users, nil
}

func parseUser(s string) (jid.JID, error) {
	j, err := address.Parse(s)
	switch {
	case err != nil:
		return j, fmt.Errorf("%q is not a JID", s)
	case j.Localpart() == "":
		return j, fmt.Errorf("%q is not a user's JID (user@host)", s)
	case j.Resourcepart() != "":
		return j, fmt.Errorf("%q has a resource", s)
	}
	return j, nil
}
