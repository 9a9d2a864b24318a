package rosterpush_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/fault"
	"emanagement/rosterpush"
)

const (
	internalText   = "something went wrong here; the log of the component says what"
	noAnswerText   = "the server did not answer; whether it did what was asked is unknown, and asking again does no harm"
	unreachable    = "the server's API cannot be reached; the log of the component says why"
	sharedItemText = "the item is of a shared roster group, which only the server's administrator can change"
)

var (
	errSecret   = errors.New("some secret of the machine")
	errNoAnswer = fmt.Errorf("alice@localhost: %w: %w", fault.ErrNoAnswer, errSecret)
	foreign     = &rosterpush.ForeignContactError{Contact: jid.MustParse("b@far.example"), Subscription: rosterpush.Both}
	unreadable  = &rosterpush.UnreadableError{User: alice}
	damaged     = &rosterpush.DamagedError{User: alice, Contacts: []jid.JID{bob}}
	refusal     = &rosterpush.RefusedError{User: alice, Text: "no"}
)

// TestFaults: the class of each error, and what a requester may read.
func TestFaults(t *testing.T) {
	long := strings.Repeat("ß", 101)
	for name, test := range map[string]struct {
		err   error
		code  fault.Code
		param string
		text  string // as a requester may read it
		away  bool
	}{
		"invalid":             {&rosterpush.InvalidError{Field: "buddyJid", Value: "a\tb", Why: "is not a JID"}, fault.Invalid, "buddyJid", `"a\tb" is not a JID`, false},
		"invalid and long":    {&rosterpush.InvalidError{Field: "f", Value: long, Why: "is long"}, fault.Invalid, "f", `"` + long[:200] + `…" is long`, false},
		"a foreign contact":   {foreign, fault.Declined, "", foreign.Error(), false},
		"a refusal":           {refusal, fault.Refused, "", "alice@localhost: the server refuses: no", false},
		"damaged":             {damaged, fault.Failed, "", damaged.Error(), false},
		"unreadable":          {unreadable, fault.Failed, "", unreadable.Error(), false},
		"a shared item":       {rosterpush.ErrSharedItem, fault.NotPermitted, "", sharedItemText, false},
		"a named shared item": {fmt.Errorf("bob: %w", rosterpush.ErrSharedItem), fault.NotPermitted, "", sharedItemText, false},
		"items":               {items(refusal, errSecret), fault.Partial, "", "c0@localhost: alice@localhost: the server refuses: no; c1@localhost: " + internalText, false},
		"an item unanswered":  {items(refusal, errNoAnswer), fault.Partial, "", "c0@localhost: alice@localhost: the server refuses: no; c1@localhost: " + noAnswerText, true},
		"an item not sent":    {items(fault.ErrUnreachable), fault.Partial, "", "c0@localhost: " + unreachable, true},
		"ten items":           {items(make([]error, 10)...), fault.Partial, "", strings.Join(tenItems(), "; "), false},
		"twelve items":        {items(make([]error, 12)...), fault.Partial, "", strings.Join(append(tenItems(), "and 2 more, which the log names"), "; "), false},
	} {
		t.Run(name, func(t *testing.T) {
			f := fault.Of(test.err)
			assert.Equal(t, test.code, f.Code)
			assert.Equal(t, test.param, f.Param)
			assert.Equal(t, test.text, f.Message(true))
			assert.Equal(t, test.away, f.IsAway())
			assert.Equal(t, test.away, f.IsTemporary())
		})
	}
}

// items returns an error with one item for each cause.
func items(causes ...error) *rosterpush.ItemsError {
	e := new(rosterpush.ItemsError)
	for i, cause := range causes {
		if cause == nil {
			cause = errSecret
		}
		e.Failed = append(e.Failed, rosterpush.Failure{JID: jid.MustParse(fmt.Sprintf("c%d@localhost", i)), Err: cause})
	}
	return e
}

func tenItems() (texts []string) {
	for i := range 10 {
		texts = append(texts, fmt.Sprintf("c%d@localhost: %s", i, internalText))
	}
	return texts
}

// TestChangeFaults: a change has the fault of its cause, and says what stands. A class
// that says that nothing was changed does not hold for it.
func TestChangeFaults(t *testing.T) {
	undone := []rosterpush.Side{{User: alice, Restored: true}, {User: bob, Restored: true}}
	const ofUndone = " (alice@localhost: as before; bob@localhost: as before)"
	changed := []rosterpush.Side{{User: alice}, {User: bob, Now: &rosterpush.Item{Subscription: rosterpush.To}}}
	const ofChanged = ` (alice@localhost: no item now; bob@localhost: subscription "to" now)`
	notServed := &fault.NotServedError{Host: "localhost"}
	notServedNow := &fault.NotServedError{Host: "localhost", Away: true}
	for name, test := range map[string]struct {
		cause error
		sides []rosterpush.Side
		code  fault.Code
		text  string
		away  bool
	}{
		"declined and undone":  {foreign, undone, fault.Declined, foreign.Error(), false},
		"declined and changed": {foreign, changed, fault.Partial, foreign.Error() + ofChanged, false},
		"refused":              {refusal, undone, fault.Refused, refusal.Error() + ofUndone, false},
		"a shared item":        {fmt.Errorf("bob: %w", rosterpush.ErrSharedItem), changed, fault.NotPermitted, sharedItemText + ofChanged, false},
		"no answer":            {errNoAnswer, undone, fault.NoAnswer, noAnswerText + ofUndone, true},
		"unreachable":          {fmt.Errorf("alice: %w", fault.ErrUnreachable), changed, fault.Partial, unreachable + ofChanged, true},
		"not served":           {notServed, changed, fault.Partial, notServed.Error() + ofChanged, false},
		"not served now":       {notServedNow, changed, fault.Partial, notServedNow.Error() + ofChanged, false},
		"internal":             {errSecret, changed, fault.Internal, internalText + ofChanged, false},
		"cancelled":            {context.Canceled, changed, fault.Internal, internalText + ofChanged, false},
	} {
		t.Run(name, func(t *testing.T) {
			f := fault.Of(fmt.Errorf("wrapped: %w", &rosterpush.ChangeError{Err: test.cause, Sides: test.sides}))
			assert.Equal(t, test.code, f.Code)
			assert.Equal(t, test.text, f.Message(true))
			assert.Equal(t, test.away, f.IsAway())
			assert.Equal(t, test.away, f.IsTemporary())
		})
	}
	require.Empty(t, rosterpush.ErrSharedItem.Detail, "the shared value is not changed")
	require.Empty(t, fault.ErrNoAnswer.Detail, "the shared value is not changed")
}
