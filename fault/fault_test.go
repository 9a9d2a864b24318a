package fault_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"emanagement/fault"
)

// TestOf classifies errors of several packages and of none.
func TestOf(t *testing.T) {
	const tookTooLong = "it took too long and was given up"
	for name, test := range map[string]struct {
		err             error
		code            fault.Code
		text            string // if the request may be repeated
		away, temporary bool
	}{
		"no answer":             {fmt.Errorf("a: %w", fault.ErrNoAnswer), fault.NoAnswer, "the server did not answer; whether it did what was asked is unknown, and asking again does no harm", true, true},
		"no answer in time":     {fmt.Errorf("%w: %w", fault.ErrNoAnswer, context.DeadlineExceeded), fault.NoAnswer, "the server did not answer in time; whether it did what was asked is unknown, and asking again does no harm", true, true},
		"no time to begin":      {context.DeadlineExceeded, fault.TimedOut, tookTooLong, false, false},
		"unreachable":           {fmt.Errorf("a: %w", fault.ErrUnreachable), fault.Away, "the server's API cannot be reached; the log of the component says why", true, true},
		"not served":            {&fault.NotServedError{Host: "a", Served: []string{"b"}}, fault.NotServed, "a: not a host whose rosters are managed here (these are: b)", false, false},
		"not served at present": {&fault.NotServedError{Host: "a", Away: true}, fault.Away, "a: the server does not let this component manage it at the moment; the log of the component says why. Another connection of the component's name may have taken its place", true, true},
		"not permitted":         {&fault.NotPermittedError{Host: "a", Reason: "add a line"}, fault.NotPermitted, "a: the server does not permit it: add a line", false, false},
		"anything else":         {errors.New("secret"), fault.Internal, "something went wrong here; the log of the component says what", false, false},
		"a detail":              {&fault.Error{Code: fault.NoAnswer, Text: "no", Detail: "a: as before"}, fault.NoAnswer, "no; whether it did what was asked is unknown, and asking again does no harm (a: as before)", true, true},
	} {
		t.Run(name, func(t *testing.T) {
			f := fault.Of(test.err)
			assert.Equal(t, test.code, f.Code)
			assert.True(t, fault.Is(test.err, test.code))
			assert.Equal(t, test.text, f.Message(true))
			assert.Equal(t, test.away, f.IsAway())
			assert.Equal(t, test.temporary, f.IsTemporary())
		})
	}
	assert.Equal(t, "the server did not answer; whether it did what was asked is unknown", fault.ErrNoAnswer.Message(false))
	assert.False(t, fault.Is(nil, fault.Internal))
}
