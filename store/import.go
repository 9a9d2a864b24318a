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

// importBatch is the number of users that one transaction of an import writes: enough
// to be quick, and few enough that the component's own writes need not wait.
const importBatch = 5000

// maxLineBytes bounds a line of an import. Two JIDs need a tenth of it.
const maxLineBytes = 64 << 10

// reportPrefixes begin the lines that ejabberdctl process_rosteritems prints besides
// the items, on Mnesia.
var reportPrefixes = []string{"There are ", "Progress ", "Matches: "}

var errLongLine = errors.New("the line is too long")

// Import adds users from a text to the index. A line contains one bare JID, or a user
// and a contact with a tab between, as ejabberdctl process_rosteritems list prints
// them. Blank lines and that command's reports are skipped.
//
// Import returns the number of different users that it read, and how many of them were
// new. It calls bad for each other line, with the line's number from 1, and goes on; if
// such a line begins with a user, that user is added. The error is the reader's, with
// the line's number, or names the store's file. The batches before the error stay
// written.
func (u *Users) Import(ctx context.Context, r io.Reader, bad func(line int, why error)) (read, added int, err error) {
	lines := bufio.NewReaderSize(r, maxLineBytes)
	seen := make(map[string]struct{}) // a user has one line for each contact
	var batch []jid.JID
	add := func() error {
		n, err := u.Add(ctx, batch...)
		added += n
		batch = batch[:0]
		return err
	}
	for number := 1; ; number++ {
		line, err := nextLine(lines)
		if err == io.EOF {
			err = add()
			return len(seen), added, err
		}
		if err != nil && err != errLongLine {
			err = errors.Join(fmt.Errorf("line %d: cannot be read: %w", number, err), add())
			return len(seen), added, err
		}
		var found []jid.JID
		if err == nil {
			found, err = parseLine(line)
		}
		if err != nil {
			bad(number, err)
		}
		for _, user := range found {
			if _, ok := seen[user.String()]; ok {
				continue
			}
			seen[user.String()] = struct{}{}
			batch = append(batch, user)
		}
		if len(batch) >= importBatch {
			if err := add(); err != nil {
				return len(seen), added, err
			}
		}
	}
}

// nextLine returns the next line without the byte order mark that Windows begins a file
// with. The error is errLongLine if the line exceeds maxLineBytes, and io.EOF after the
// last line.
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
	return "", errLongLine
}

// parseLine returns the users in a line: none, one, or a user and a contact.
func parseLine(line string) ([]jid.JID, error) {
	for _, prefix := range reportPrefixes {
		if strings.HasPrefix(line, prefix) {
			return nil, nil
		}
	}
	if line = strings.TrimSpace(line); line == "" {
		return nil, nil
	}
	first, contact, hasContact := strings.Cut(line, "\t")
	user, err := parseUser(first)
	if err != nil {
		return nil, err
	}
	if !hasContact {
		return []jid.JID{user}, nil
	}
	c, err := address.Parse(contact)
	if err != nil {
		return []jid.JID{user}, fmt.Errorf("%q is not a JID", contact)
	}
	if !isUser(c) {
		return []jid.JID{user}, nil
	}
	return []jid.JID{user, c.Bare()}, nil
}

func parseUser(s string) (jid.JID, error) {
	j, err := address.Parse(s)
	switch {
	case err != nil:
		return j, fmt.Errorf("%q is not a JID", s)
	case !isUser(j):
		return j, fmt.Errorf("%q is not a user's JID (user@host)", s)
	case j.Resourcepart() != "":
		return j, fmt.Errorf("%q has a resource", s)
	}
	return j, nil
}
