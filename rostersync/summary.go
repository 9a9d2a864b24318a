package rostersync

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"emanagement/rostersync/plan"
)

// Summary counts what a plan does, and what became of it.
type Summary struct {
	Rows       int    `json:"rows"`
	Incomplete string `json:"incomplete,omitempty"` // why the input is not known to be complete

	Add           int `json:"add"`
	Change        int `json:"change"`
	Nicks         int `json:"nicks"`
	Subscriptions int `json:"subscriptions"`
	Groups        int `json:"groups"`
	Remove        int `json:"remove"`  // removals that are planned
	Losers        int `json:"losers"`  // users who lose an item
	Renamed       int `json:"renamed"` // removals of former JIDs, which are no losses
	Emptied       int `json:"emptied"` // users who lose all their items
	Unchanged     int `json:"unchanged"`
	Managed       int `json:"managed"`  // managed items that stood
	Recorded      int `json:"recorded"` // items that only the ledger learns of

	Own       int `json:"own"`
	Shared    int `json:"shared"`
	Conflicts int `json:"conflicts"`
	Unnamed   int `json:"unnamed"` // items of managed groups that the input does not name
	Unread    int `json:"unread"`  // rosters that cannot be read

	// Held is the number of removals that the run leaves, and HeldWhy says why.
	Held    int    `json:"held"`
	HeldWhy string `json:"held_why,omitempty"`
	// Refused names the limit that is exceeded, and Flag is what acknowledges it.
	Refused string `json:"refused,omitempty"`
	Flag    string `json:"flag,omitempty"`

	MaybeRenamed []string `json:"maybe_renamed,omitempty"` // probable renames, "old -> new"

	Done    int `json:"done"`
	Differs int `json:"differs"` // items that were not as planned any more
	Failed  int `json:"failed"`
}

// count adds the plan of a user.
func (s *Summary) count(p plan.Plan) {
	s.Unchanged += p.Unchanged
	s.Managed += p.Managed
	s.Own += p.Left[plan.Own]
	s.Shared += p.Left[plan.Shared]
	s.Conflicts += p.Left[plan.Conflict]
	s.Unnamed += p.Left[plan.Unnamed]
	loser := ""
	s.countChanges(p.Changes, &loser)
	if loser != "" && p.Emptied {
		s.Emptied++
	}
}

// countChanges adds changes in the order of their users. loser is the last user who loses an
// item.
func (s *Summary) countChanges(changes []plan.Change, loser *string) {
	for _, c := range changes {
		switch {
		case c.Action == plan.Record:
			s.Recorded++
		case c.Action == plan.Leave:
		case c.Renamed:
			s.Renamed++
		case c.Ends:
			s.Remove++
			if user := c.User.String(); user != *loser {
				*loser = user
				s.Losers++
			}
		case c.Action == plan.Add:
			s.Add++
		default:
			s.countFields(c)
		}
	}
}

func (s *Summary) countFields(c plan.Change) {
	s.Change++
	if c.Before.Nick != c.After.Nick {
		s.Nicks++
	}
	if c.Before.Subscription != c.After.Subscription {
		s.Subscriptions++
	}
	if !slices.Equal(c.Before.Groups, c.After.Groups) {
		s.Groups++
	}
}

// Differences is how many items differ from what is declared, apart from conflicts.
func (s Summary) Differences() int { return s.Add + s.Change + s.Remove + s.Renamed }

// Verdict is the plan in one line.
func (s Summary) Verdict() string {
	text := fmt.Sprintf("Plan: %s to add, %s to change%s, %s to remove", number(s.Add), number(s.Change), s.fields(), number(s.Remove))
	if s.Losers > 0 {
		text += " in " + counted(s.Losers, "user")
	}
	if s.Renamed > 0 {
		text += ", " + number(s.Renamed) + " renamed"
	}
	text += fmt.Sprintf("; %s unchanged", number(s.Unchanged))
	var left []string
	for _, l := range []struct {
		n    int
		what string
	}{
		{s.Own, "%s of the users' own"}, {s.Shared, "%s of shared groups"}, {s.Conflicts, "%s conflicts"},
		{s.Unnamed, "%s in managed groups that the input does not name"}, {s.Unread, "%s rosters that cannot be read"},
	} {
		if l.n > 0 {
			left = append(left, fmt.Sprintf(l.what, number(l.n)))
		}
	}
	if len(left) > 0 {
		text += "; left alone: " + strings.Join(left, ", ")
	}
	return text
}

func (s Summary) fields() string {
	var parts []string
	for _, f := range []struct {
		n    int
		noun string
	}{{s.Nicks, "nick"}, {s.Subscriptions, "subscription"}, {s.Groups, "group"}} {
		if f.n > 0 {
			parts = append(parts, counted(f.n, f.noun))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

// Outcome says in one line what became of an applied plan.
func (s Summary) Outcome() string {
	text := fmt.Sprintf("Applied: %s", counted(s.Done, "item"))
	if s.Differs > 0 {
		text += fmt.Sprintf("; %s left, because they have changed since the plan", counted(s.Differs, "item"))
	}
	if s.Failed > 0 {
		text += fmt.Sprintf("; %s failed", counted(s.Failed, "item"))
	}
	if s.Held > 0 {
		text += fmt.Sprintf("; %s not made: %s", counted(s.Held, "removal"), s.HeldWhy)
	}
	return text
}

// number writes a number with commas between the thousands.
func number(n int) string {
	text := strconv.Itoa(n)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}

// counted is a number of things in words.
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return number(n) + " " + noun + "s"
}
