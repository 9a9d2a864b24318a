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

// TestUntilGone waits for a room's end, but not for ever.
func TestUntilGone(t *testing.T) {
	broken := errors.New("broken")
	for name, test := range map[string]struct {
		answers []error // then the last one again
		want    error
		took    time.Duration
	}{
		"at once":      {[]error{room.ErrNoRoom}, nil, 0},
		"soon":         {[]error{nil, nil, nil, room.ErrNoRoom}, nil, 3 * time.Millisecond},
		"never":        {[]error{nil}, fault.ErrNoAnswer, endTimeout},
		"not to learn": {[]error{nil, broken}, broken, time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), endTimeout)
				defer cancel()
				began, asked := time.Now(), -1
				err := untilGone(ctx, room.Room{Name: "lobby", Host: "a.example"}, func() error {
					asked = min(asked+1, len(test.answers)-1)
					return test.answers[asked]
				})
				assert.ErrorIs(t, err, test.want)
				assert.Equal(t, test.took, time.Since(began))
			})
		})
	}
}
