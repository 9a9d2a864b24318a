package plan

import (
	"fmt"
	"maps"
	"slices"

	"mellium.im/xmpp/jid"

	"emanagement/rosterpush"
	"emanagement/rostersync/graph"
)

// Nicks says when nicks are set.
type Nicks string

// The choices.
const (
	NickInitial Nicks = "initial" // when an item is added: users rename their contacts
	NickAlways  Nicks = "always"
	NickNever   Nicks = "never"
)

// Rules say what a run may touch. The zero value manages the items in the ledger only.
type Rules struct {
	// Managed are the managed groups. Named are those whose items may be removed: the groups
	// that the input names.
	Managed, Named map[string]bool
	Shared         map[string]bool // the labels of shared roster groups
	Nicks          Nicks           // empty: NickInitial
	Overwrite      bool            // what users have changed is written again
	OwnAll         bool            // every item is managed
	Renames        Renames
}

// User is what is known of one user.
type User struct {
	JID      jid.JID
	Declared []graph.Declared
	Ledger   []Recorded
	Items    []rosterpush.Item
	// Lost says that the server has lost the roster: the user has not removed the items that
	// are missing.
	Lost bool
}

// Make returns the plan for one user, sorted by contact.
func (r Rules) Make(u User) Plan {
	p := planner{rules: r, user: u, contacts: make(map[string]*contact)}
	p.plan.Left = make(map[Why]int)
	for n, i := range u.Items {
		c := p.contact(i.JID)
		if c.item != nil { // another spelling of the same contact
			p.plan.Left[Own]++
			continue
		}
		c.jid, c.item = i.JID.Bare(), &u.Items[n]
	}
	for n := range u.Ledger {
		p.contact(u.Ledger[n].Contact).entry = &u.Ledger[n].Entry
	}
	for n := range u.Declared {
		p.contact(u.Declared[n].Contact).declared = &u.Declared[n]
	}
	remaining := len(u.Items)
	for _, key := range slices.Sorted(maps.Keys(p.contacts)) {
		p.decide(p.contacts[key])
	}
	for _, c := range p.plan.Changes {
		switch c.Action {
		case Add:
			remaining++
		case Remove:
			remaining--
		}
	}
	p.plan.Emptied = len(u.Items) > 0 && remaining == 0
	return p.plan
}

// planner makes the plan of one user.
type planner struct {
	rules    Rules
	user     User
	contacts map[string]*contact
	plan     Plan
}

// contact is what is known of one contact.
type contact struct {
	jid      jid.JID
	declared *graph.Declared
	entry    *Entry
	item     *rosterpush.Item
}

func (p *planner) contact(j jid.JID) *contact {
	key := Key(j)
	c := p.contacts[key]
	if c == nil {
		c = &contact{jid: j.Bare()}
		p.contacts[key] = c
	}
	return c
}

// decide plans one item.
func (p *planner) decide(c *contact) {
	managed := p.isManaged(c)
	if managed && c.item != nil {
		p.plan.Managed++
	}
	switch {
	case c.entry == nil && c.item != nil && p.isShared(*c.item):
		p.leave(c, Shared, "")
	case c.declared != nil && c.declared.Subscription != graph.None:
		p.declare(c)
	case c.item == nil:
		if c.declared != nil {
			p.plan.Unchanged++
		}
		if c.entry != nil {
			p.note(c, nil)
		}
	case !managed:
		p.leave(c, Own, "")
	default:
		p.end(c)
	}
}

// isManaged reports whether an item belongs to the application.
func (p *planner) isManaged(c *contact) bool {
	switch {
	case c.entry != nil:
		return true
	case c.item == nil:
		return false
	case p.rules.OwnAll:
		return true
	}
	// An item that shows nobody's presence, and that nothing was written to, is a request or
	// the rest of one.
	return c.item.Subscription != rosterpush.None && slices.ContainsFunc(c.item.Groups, p.isManagedGroup)
}

func (p *planner) isManagedGroup(g string) bool { return p.rules.Managed[g] }

// isShared reports whether an item is one of shared roster groups only.
func (p *planner) isShared(i rosterpush.Item) bool {
	return len(i.Groups) > 0 && !slices.ContainsFunc(i.Groups, func(g string) bool { return !p.rules.Shared[g] })
}

// groups divides the groups of an item into those that the application manages and the user's
// own.
func (p *planner) groups(c *contact) (managed, own []string) {
	for _, g := range c.item.Groups {
		if p.isManagedGroup(g) || c.entry != nil && slices.Contains(c.entry.Groups, g) {
			managed = append(managed, g)
		} else {
			own = append(own, g)
		}
	}
	return managed, own
}

// declare plans an item that the application declares.
func (p *planner) declare(c *contact) {
	record := &Entry{State: State{rosterpush.Subscription(c.declared.Subscription), c.declared.Nick, c.declared.Groups}}
	if c.item == nil {
		p.add(c, record)
		return
	}
	// What stood before the first run stays when the tie ends, unless the item is in a managed
	// group.
	record.Own = c.entry != nil && c.entry.Own || c.entry == nil && !p.isManaged(c)
	want := p.wanted(c, record)
	record.Nick = want.Nick
	if want.Equal(StateOf(c.item)) && !c.item.Damaged {
		p.plan.Unchanged++
		if c.entry == nil || c.entry.Own != record.Own || !c.entry.State.Equal(&record.State) {
			p.note(c, record)
		}
		return
	}
	if text := p.conflict(c, want); text != "" && !p.rules.Overwrite {
		p.leave(c, Conflict, text)
		return
	}
	p.change(c, Change{Action: Alter, After: want, Record: record})
}

// add plans an item that is declared and not there.
func (p *planner) add(c *contact, record *Entry) {
	reason := ""
	switch {
	case c.entry == nil:
	case p.user.Lost:
		reason = "the server has lost the roster"
	case !p.rules.Overwrite:
		p.leave(c, Conflict, "the user has removed the contact")
		return
	default:
		reason = "the user has removed the contact"
	}
	want := record.State
	if p.rules.Nicks == NickNever {
		want.Nick = ""
	}
	if before := p.renamed(c); before != nil {
		reason = "renamed: it was " + before.jid.String()
		if p.rules.Nicks != NickAlways {
			want.Nick = before.item.Name
		}
		_, own := p.groups(before)
		want.Groups = union(want.Groups, own)
	}
	record.Nick = want.Nick
	p.change(c, Change{Action: Add, After: &want, Record: record, Reason: reason})
}

// renamed returns the item of the contact's former JID, or nil.
func (p *planner) renamed(c *contact) *contact {
	former, ok := p.rules.Renames.former[Key(c.jid)]
	if before := p.contacts[former]; ok && before != nil && before.item != nil {
		return before
	}
	return nil
}

// wanted returns how a declared item that stands must stand.
func (p *planner) wanted(c *contact, record *Entry) *State {
	_, own := p.groups(c)
	want := &State{record.Subscription, c.item.Name, union(record.Groups, own)}
	sets := p.rules.Nicks == NickAlways || p.rules.Nicks != NickNever && c.entry == nil && c.item.Name == ""
	if (sets || c.item.Damaged) && c.declared.Nick != "" {
		want.Nick = c.declared.Nick
	}
	return want
}

// conflict says what the user has changed of what the application manages. It is empty if that
// is nothing, or nothing that must be written.
func (p *planner) conflict(c *contact, want *State) string {
	if c.entry == nil {
		return ""
	}
	managed, _ := p.groups(c)
	now := c.item
	switch {
	case now.Subscription != want.Subscription && now.Subscription != c.entry.Subscription:
		return fmt.Sprintf("the subscription was %s and is %s now", c.entry.Subscription, now.Subscription)
	case !slices.Equal(now.Groups, want.Groups) && !slices.Equal(managed, c.entry.Groups):
		return fmt.Sprintf("the managed groups were %q and are %q now", c.entry.Groups, managed)
	}
	return ""
}

// end plans a managed item that is no longer declared.
func (p *planner) end(c *contact) {
	managed, own := p.groups(c)
	if len(managed) > 0 && !p.rules.OwnAll && !slices.ContainsFunc(managed, func(g string) bool { return p.rules.Named[g] }) {
		p.leave(c, Unnamed, "")
		return
	}
	change := Change{Action: Remove, Ends: true, Renamed: p.isMoved(c)}
	if !p.rules.OwnAll && (len(own) > 0 || c.entry != nil && c.entry.Own) {
		change.Action, change.Reason = Alter, "the tie has ended; the contact is also the user's own"
		change.After = &State{rosterpush.None, c.item.Name, own}
		if change.After.Equal(StateOf(c.item)) {
			p.note(c, nil)
			return
		}
	}
	p.change(c, change)
}

// isMoved reports whether the contact or the user has another JID now.
func (p *planner) isMoved(c *contact) bool {
	return p.rules.Renames.has(p.user.JID) || p.rules.Renames.has(c.jid)
}

func (p *planner) change(c *contact, change Change) {
	change.User, change.Contact, change.Before, change.WasRecorded = p.user.JID, c.jid, StateOf(c.item), c.entry
	p.plan.Changes = append(p.plan.Changes, change)
}

// leave leaves an item alone. A conflict is part of the plan, for an administrator decides it.
func (p *planner) leave(c *contact, why Why, text string) {
	p.plan.Left[why]++
	if why == Conflict {
		p.change(c, Change{Action: Leave, Reason: text, Record: c.entry})
	}
}

// note changes only the ledger.
func (p *planner) note(c *contact, record *Entry) {
	p.change(c, Change{Action: Record, After: StateOf(c.item), Record: record})
}

// union returns the groups of two sorted lists, sorted.
func union(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}
