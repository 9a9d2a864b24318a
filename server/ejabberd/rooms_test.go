package ejabberd

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"emanagement/fault"
	"emanagement/room"
)

// TestDestroyUntilGone checks that a room's end is awaited, up to a limit.
func TestDestroyUntilGone(t *testing.T) {
	broken := errors.New("broken")
	for name, test := range map[string]struct {
		answers []error // the last one repeats
		want    error
		took    time.Duration
	}{
		"at once": {[]error{room.ErrNoRoom}, nil, 0},
		"soon":    {[]error{nil, nil, nil, room.ErrNoRoom}, nil, 3 * time.Millisecond},
		"never":   {[]error{nil}, fault.ErrNoAnswer, endTimeout},
		"unknown": {[]error{nil, broken}, broken, time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), endTimeout)
				defer cancel()
				began, last := time.Now(), -1
				err := destroyUntilGone(ctx, room.Room{Name: "lobby", Host: "a.example"}, func() error {
					last = min(last+1, len(test.answers)-1)
					return test.answers[last]
				})
				assert.ErrorIs(t, err, test.want)
				assert.Equal(t, test.took, time.Since(began))
			})
		})
	}
}
