package verb

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"mellium.im/xmpp/jid"

	"emanagement/rosterpush/hosts"
	"emanagement/verb/wire"
)

// Lists about whole hosts, in pages. The argument from is the last JID of the page before.

const (
	// defaultLimit is the number of entries that a list shows if the argument limit is
	// left out.
	defaultLimit = 1000
	// maxAnswer limits the text of a list, in bytes.
	maxAnswer = 1 << 20
)

// rule is the line that the script of 2012 printed around a roster.
var rule = strings.Repeat("-", 37)

// pair is two users who have each other, as JSON.
type pair [2]string

// readable implements readableItem.
func (p pair) readable() []string {
	return []string{joinNonEmpty(escapeControls(p[0]), escapeControls(p[1]))}
}

// ownedRoster is a roster with its owner, as JSON.
type ownedRoster struct {
	User  string `json:"user"`
	Items []any  `json:"items"`
	Error string `json:"error,omitempty"` // why the roster cannot be shown
}

// readable implements readableItem.
func (o ownedRoster) readable() []string {
	lines := []string{"", escapeControls(o.User) + ":"}
	for _, item := range o.Items {
		if i, ok := item.(readableItem); ok {
			lines = append(lines, i.readable()...)
		}
	}
	if o.Error != "" {
		lines = append(lines, escapeControls(o.Error))
	}
	return lines
}

// owners finds the users who have a roster, on the hosts that a call names.
func (c *call) owners(ctx context.Context) ([]jid.JID, hosts.Census, error) {
	domains, err := c.domains(ctx)
	if err != nil {
		return nil, hosts.Census{}, err
	}
	return c.HostRosters.Owners(ctx, domains, c.reportSearch)
}

// reportSearch reports the progress of a search for rosters.
func (c *call) reportSearch(s hosts.Census) {
	c.progress(Progress{Text: fmt.Sprintf("%s looked at, %s found", wire.Count(s.Visited, "user"), wire.Count(s.Rosters, "roster")), Done: s.Visited, Total: s.Users})
}

// afterFrom returns the sorted users that come after the argument from.
func (c *call) afterFrom(users []jid.JID) []jid.JID {
	from := c.jid("from").String()
	i := slices.IndexFunc(users, func(u jid.JID) bool { return u.String() > from })
	if i < 0 {
		return nil
	}
	return users[i:]
}

// pagedList is a list that grows until it reaches its limits.
type pagedList struct {
	noun      string // what its items are
	limit     int    // items
	maxSize   int    // bytes
	items     []any
	lines     []string
	size      int
	last      jid.JID // the user of the last entry
	truncated bool
}

// newPagedList returns an empty list. If the requester accepts answers of any length, only
// the argument limit truncates it.
func (c *call) newPagedList(noun string) *pagedList {
	l := &pagedList{noun: noun, limit: defaultLimit, maxSize: maxAnswer}
	if c.unlimited {
		l.limit, l.maxSize = math.MaxInt, math.MaxInt
	}
	if limit, given := c.number("limit"); given {
		l.limit = limit
	}
	return l
}

// add adds an entry of a user. It returns false, and adds nothing, if the list has reached
// its limits. All entries of one user are on the same page, because the next page begins
// after a user.
func (l *pagedList) add(user jid.JID, item any, lines ...string) bool {
	if (len(l.items) >= l.limit || l.size >= l.maxSize) && !user.Equal(l.last) {
		l.truncated = true
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

// result returns the list. Its outcome says whether the list continues, and what the search
// was based on.
func (l *pagedList) result(census hosts.Census) Result {
	r := Result{shape: wire.Table, noun: l.noun, items: l.items, lines: l.lines, remarks: []string{foundBy(census)}}
	if l.truncated {
		r.next = l.last.String()
	}
	return r
}

// resultWithDone returns the list of a verb that prints Done at its end.
func (l *pagedList) resultWithDone(census hosts.Census) Result {
	end := "Done"
	if l.truncated {
		end = wire.More + wire.ContinueHint(l.last.String())
	}
	r := l.result(census)
	r.lines, r.closing = append(r.lines, end), true
	return r
}

func foundBy(c hosts.Census) string { return "found by " + c.String() }
