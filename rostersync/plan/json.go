package plan

import (
	"encoding/json"
	"errors"
	"fmt"

	"emanagement/xmpp/address"
)

// changeJSON is a change as JSON: a line of a saved plan.
type changeJSON struct {
	Action      Action `json:"action"`
	User        string `json:"user"`
	Contact     string `json:"contact"`
	Before      *State `json:"before"`
	After       *State `json:"after"`
	Reason      string `json:"reason,omitempty"`
	Ends        bool   `json:"ends,omitempty"`
	Renamed     bool   `json:"renamed,omitempty"`
	WasRecorded *Entry `json:"was_recorded,omitempty"`
	Record      *Entry `json:"record,omitempty"`
}

// MarshalJSON implements json.Marshaler.
func (c Change) MarshalJSON() ([]byte, error) {
	return json.Marshal(changeJSON{c.Action, c.User.String(), c.Contact.String(), c.Before, c.After, c.Reason, c.Ends, c.Renamed, c.WasRecorded, c.Record})
}

// UnmarshalJSON implements json.Unmarshaler.
func (c *Change) UnmarshalJSON(text []byte) error {
	var j changeJSON
	if err := json.Unmarshal(text, &j); err != nil {
		return err
	}
	user, err := address.ParseStored(j.User)
	if err != nil || user.Localpart() == "" || user.Resourcepart() != "" {
		return fmt.Errorf("user: %q is not a user's JID", j.User)
	}
	contact, err := address.ParseVerbatim(j.Contact)
	if err != nil {
		return fmt.Errorf("contact: %q is not a JID", j.Contact)
	}
	*c = Change{j.Action, user, contact, j.Before, j.After, j.Reason, j.Ends, j.Renamed, j.WasRecorded, j.Record}
	return nil
}

// Check refuses a change that no plan has: one that somebody has written.
func (c Change) Check(host string) error {
	action := Alter
	switch {
	case c.Before == nil && c.After == nil:
		return errors.New("it has neither before nor after")
	case c.Before == nil:
		action = Add
	case c.After == nil:
		action = Remove
	}
	if c.Action != action {
		return fmt.Errorf("action: it is %q, and before and after are those of %q", c.Action, action)
	}
	if c.User.Domainpart() != host {
		return fmt.Errorf("user: %s is not a user of %s", c.User, host)
	}
	return nil
}
