package verb

import (
	"math"
	"slices"

	"mellium.im/xmpp/jid"

	"emanagement/rosterpush/hosts"
	"emanagement/verb/wire"
)

// The pages of long lists. A requester goes on after the last JID of a page by the
// argument from.

const (
	// defaultLimit is the number of entries that a list shows if the argument limit is
	// left out.
	defaultLimit = 1000
	// maxAnswer limits a list's text, in bytes.
	maxAnswer = 1 << 20
)

// after leaves out of sorted users those up to the argument from.
func (c *call) after(users []jid.JID) []jid.JID {
	from := c.jid("from").String()
	i := slices.IndexFunc(users, func(u jid.JID) bool { return u.String() > from })
	if i < 0 {
		return nil
	}
	return users[i:]
}

// list is an answer that grows until it is long enough.
type list struct {
	counted string
	limit   int
	most    int // bytes
	items   []any
	lines   []string
	size    int
	last    jid.JID // whose entry was added last
	cut     bool
}

// newList is an empty list. Where the asker takes one of any length, only the
// argument limit cuts it.
func (c *call) newList(counted string) *list {
	l := &list{counted: counted, limit: defaultLimit, most: maxAnswer}
	if c.whole {
		l.limit, l.most = math.MaxInt, math.MaxInt
	}
	if limit, given := c.num("limit"); given {
		l.limit = limit
	}
	return l
}

// pair is two who have each other, in JSON.
type pair [2]string

// ownedRoster is a roster of a list in JSON.
type ownedRoster struct {
	User  string `json:"user"`
	Items []any  `json:"items"`
	Error string `json:"error,omitempty"` // why it cannot be shown
}

// add adds a user's entry, unless the list is long enough and what was added
// last is another user's: a list goes on after a user.
func (l *list) add(user jid.JID, item any, lines ...string) bool {
	if (len(l.items) >= l.limit || l.size >= l.most) && !user.Equal(l.last) {
		l.cut = true
		return false
	}
	for _, line := range lines {
		l.size += len(line)
	}
	l.items = append(l.items, item)
	l.lines = append(l.lines, lines...)
	l.last = user
	return true
}

// result is the list as an answer. Its outcome says whether it goes on, and
// what it rests on.
func (l *list) result(census hosts.Census) Result {
	r := Result{shape: wire.Table, counted: l.counted, items: l.items, lines: l.lines, remarks: []string{restsOn(census)}}
	if l.cut {
		r.next = l.last.String()
	}
	return r
}

// done is the list as those verbs print it that say Done at the end.
func (l *list) done(census hosts.Census) Result {
	end := "Done"
	if l.cut {
		end = wire.More + wire.GoOn(l.last.String())
	}
	r := l.result(census)
	r.lines, r.closing = append(r.lines, end), true
	return r
}

func restsOn(c hosts.Census) string { return "found by " + c.String() }
