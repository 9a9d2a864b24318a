package verb

import (
	"errors"
	"strings"

	"emanagement/fault"
	"emanagement/rosterpush"
	"emanagement/verb/wire"
)

// rosterItem is an item of a roster as JSON.
type rosterItem struct {
	JID          string   `json:"jid"`
	Nick         string   `json:"nick"`
	Subscription string   `json:"subscription"`
	Ask          string   `json:"ask"`
	Groups       []string `json:"groups"`
}

// readable implements readableItem.
func (i rosterItem) readable() []string {
	ask := ""
	if i.Ask != "none" {
		ask = "request pending"
	}
	groups := make([]string, len(i.Groups))
	for n, g := range i.Groups {
		groups[n] = typeable(g)
	}
	return []string{joinNonEmpty(escapeControls(i.JID), typeable(i.Nick), i.Subscription, ask, strings.Join(groups, ", "))}
}

// rosterTable returns a roster with the columns of the script of 2012: jid, nick,
// subscription, ask, groups.
func rosterTable(items []rosterpush.Item) Result {
	r := Result{shape: wire.Table}
	for _, i := range items {
		ask := "none"
		if i.Pending {
			ask = "out"
		}
		groups := make([]string, len(i.Groups))
		for g := range i.Groups {
			groups[g] = escape(i.Groups[g])
		}
		name := i.JID.String()
		r.add(rosterItem{name, i.Name, string(i.Subscription), ask, notNil(i.Groups)},
			escapeControls(name), escape(i.Name), string(i.Subscription), ask, strings.Join(groups, ";"))
	}
	return r
}

// cannotBeShown reports whether an error says that a roster exists but cannot be shown.
func cannotBeShown(err error) bool {
	_, damaged := errors.AsType[*rosterpush.DamagedError](err)
	_, unreadable := errors.AsType[*rosterpush.UnreadableError](err)
	return damaged || unreadable
}

// withRepairVerbs returns an error about a roster that cannot be shown with the verbs that
// can repair it added to its fault. It returns any other error as it is.
func withRepairVerbs(err error) error {
	if !cannotBeShown(err) {
		return err
	}
	f := *fault.Of(err)
	f.Text += " (addBuddyToRoster, removeBuddyFromRoster)"
	return &faultError{error: err, fault: &f}
}

// faultError is an error with another fault.
type faultError struct {
	error
	fault *fault.Error
}

// Fault returns the other fault.
func (e *faultError) Fault() *fault.Error { return e.fault }

// Unwrap returns the error.
func (e *faultError) Unwrap() error { return e.error }
