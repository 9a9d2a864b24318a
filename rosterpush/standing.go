package rosterpush

import "slices"

// standing is how an item stands, compared with a change of it.
type standing int

const (
	asBefore standing = iota
	asAfter
	// between is a state that the change can leave if it ends early: some changes take
	// several writes.
	between
	changedByOthers
)

// standing compares the item that stands with a change. now is nil if there is none.
func (c Change) standing(now *Item) standing {
	switch {
	case isSameItem(now, c.Before):
		return asBefore
	case c.achievedBy(now):
		return asAfter
	case c.passes(now):
		return between
	}
	return changedByOthers
}

// achievedBy reports whether the item that stands is as the change wants it.
func (c Change) achievedBy(now *Item) bool {
	if c.After == nil || now == nil {
		return c.After == nil && now == nil
	}
	return now.satisfies(*c.After)
}

// passes reports whether the item that stands may be halfway between Before and After:
// there is none, or each of its parts is that of either or empty.
func (c Change) passes(now *Item) bool {
	if now == nil {
		return true
	}
	part := func(is func(Item) bool) bool {
		return c.Before != nil && is(*c.Before) || c.After != nil && is(*c.After)
	}
	return !now.Damaged &&
		(now.Name == "" || part(func(i Item) bool { return i.Name == now.Name })) &&
		(len(now.Groups) == 0 || part(func(i Item) bool { return slices.Equal(i.Groups, now.Groups) })) &&
		(now.Subscription == None || part(func(i Item) bool { return i.Subscription == now.Subscription }))
}
