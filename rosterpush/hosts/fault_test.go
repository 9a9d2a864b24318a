package hosts_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"mellium.im/xmpp/jid"

	"emanagement/fault"
	"emanagement/rosterpush"
	"emanagement/rosterpush/hosts"
)

// TestFaults: the class of each error, and what a requester may read.
func TestFaults(t *testing.T) {
	const removed = "7 items of 2 rosters removed"
	removal := hosts.Removal{Cleared: 2, Removed: 7}
	secret := errors.New("some secret of the machine")
	const internal = "something went wrong here; the log of the component says what"
	errNoAnswer := fmt.Errorf("alice@localhost: %w: %w", fault.ErrNoAnswer, secret)
	const unanswered = "the server did not answer; whether it did what was asked is unknown, and asking again does no harm"
	busy := &hosts.BusyError{Host: "localhost"}
	inconclusive := &hosts.InconclusiveError{Hosts: twoHosts}
	notServed := &fault.NotServedError{Host: "localhost", Away: true}
	failed := rosterpush.Failures{
		{JID: alice, Err: &rosterpush.ItemsError{Failed: rosterpush.Failures{{JID: jid.MustParse("c@far.example"), Err: secret}}}},
		{JID: jid.MustParse("bob@localhost"), Err: errNoAnswer},
	}
	const ofFailed = "; alice@localhost: c@far.example: " + internal + "; bob@localhost: " + unanswered
	for name, test := range map[string]struct {
		err       error
		code      fault.Code
		text      string // as a requester may read it
		away      bool
		temporary bool
	}{
		"busy":          {busy, fault.Busy, busy.Error(), false, true},
		"inconclusive":  {inconclusive, fault.Failed, inconclusive.Error() + "; where the server knows rosters that this component has never seen, import their users (emanagement users import)", false, false},
		"a source":      {&hosts.SourceError{Source: "index", Err: secret}, fault.Internal, "the index cannot be read or written (the log of the component says why), and without it somebody might be missed", false, false},
		"failures":      {&hosts.ClearError{Removal: removal, Failed: failed}, fault.Partial, removed + ofFailed, false, true},
		"no answer":     {&hosts.ClearError{Removal: removal, Err: errNoAnswer}, fault.Partial, removed + "; " + unanswered, true, true},
		"unreachable":   {&hosts.ClearError{Removal: removal, Err: fault.ErrUnreachable}, fault.Partial, removed + "; " + fault.Of(fault.ErrUnreachable).Text, true, true},
		"not served":    {&hosts.ClearError{Removal: removal, Err: notServed}, fault.Partial, removed + "; " + notServed.Error(), false, true},
		"too many":      {&hosts.ClearError{Removal: removal, Failed: failed, Err: hosts.ErrTooManyFailures}, fault.Partial, removed + "; given up after 100 rosters that could not be cleared" + ofFailed, false, true},
		"a lost source": {&hosts.ClearError{Removal: removal, Err: &hosts.SourceError{Source: "index", Err: secret}}, fault.Partial, removed + "; the index cannot be read or written (the log of the component says why), and without it somebody might be missed", false, true},
	} {
		t.Run(name, func(t *testing.T) {
			f := fault.Of(test.err)
			assert.Equal(t, test.code, f.Code)
			assert.Equal(t, test.text, f.Message(true))
			assert.Equal(t, test.away, f.IsAway())
			assert.Equal(t, test.temporary, f.IsTemporary())
		})
	}
}
