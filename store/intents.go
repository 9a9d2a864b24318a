package store

import (
	"encoding/json"
	"fmt"

	"emanagement/rosterpush"
	"emanagement/xmpp/address"
)

// originRecord, changeRecord and itemRecord are the JSON of an intent.
type originRecord struct {
	Run       int64  `json:"run"`
	Requester string `json:"requester"`
	Front     string `json:"front"`
	Verb      string `json:"verb"`
}

type changeRecord struct {
	User    string      `json:"user"`
	Contact string      `json:"contact"`
	Before  *itemRecord `json:"before"`
	After   *itemRecord `json:"after"`
}

type itemRecord struct {
	JID          string   `json:"jid"`
	Name         string   `json:"name,omitempty"`
	Subscription string   `json:"subscription"`
	Groups       []string `json:"groups,omitempty"`
	Pending      bool     `json:"ask,omitempty"`
	Approved     bool     `json:"approved,omitempty"`
	Damaged      bool     `json:"damaged,omitempty"`
}

func encodeIntent(i rosterpush.Intent) (origin, changes string, err error) {
	text, err := json.Marshal(originRecord(i.Origin))
	if err != nil {
		return "", "", err
	}
	changes, err = encodeChanges(i.Changes)
	return string(text), changes, err
}

func encodeChanges(changes []rosterpush.Change) (string, error) {
	records := make([]changeRecord, len(changes))
	for i, c := range changes {
		records[i] = changeRecord{c.User.String(), c.Contact.String(), newItemRecord(c.Before), newItemRecord(c.After)}
	}
	text, err := json.Marshal(records)
	return string(text), err
}

func newItemRecord(i *rosterpush.Item) *itemRecord {
	if i == nil {
		return nil
	}
	return &itemRecord{i.JID.String(), i.Name, string(i.Subscription), i.Groups, i.Pending, i.Approved, i.Damaged}
}

// decodeIntent returns an intent. The error names the number.
func decodeIntent(number int64, kind, origin, changes string) (rosterpush.Intent, error) {
	var o originRecord
	var records []changeRecord
	err := json.Unmarshal([]byte(origin), &o)
	if err == nil {
		err = json.Unmarshal([]byte(changes), &records)
	}
	i := rosterpush.Intent{Number: number, Kind: rosterpush.Kind(kind), Origin: rosterpush.Origin(o)}
	for _, r := range records {
		if err == nil {
			var c rosterpush.Change
			c, err = r.change()
			i.Changes = append(i.Changes, c)
		}
	}
	if err != nil {
		return i, fmt.Errorf("intent %d: %w", number, err)
	}
	return i, nil
}

func (r changeRecord) change() (c rosterpush.Change, err error) {
	if c.User, err = address.ParseVerbatim(r.User); err != nil {
		return c, err
	}
	if c.Contact, err = address.ParseVerbatim(r.Contact); err != nil {
		return c, err
	}
	if c.Before, err = r.Before.item(); err != nil {
		return c, err
	}
	c.After, err = r.After.item()
	return c, err
}

func (r *itemRecord) item() (*rosterpush.Item, error) {
	if r == nil {
		return nil, nil
	}
	j, err := address.ParseVerbatim(r.JID)
	return &rosterpush.Item{
		JID: j, Name: r.Name, Subscription: rosterpush.Subscription(r.Subscription), Groups: r.Groups,
		Pending: r.Pending, Approved: r.Approved, Damaged: r.Damaged,
	}, err
}
