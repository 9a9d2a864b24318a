package serverapi

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"emanagement/internal/failure"
	"emanagement/rooms"
)

// TestUntilGone waits for a room's end, but not for ever.
func TestUntilGone(t *testing.T) {
	broken := errors.New("broken")
	for name, test := range map[string]struct {
		answers []error // then the last one again
		want    error
		took    time.Duration
	}{
		"at once":      {[]error{rooms.ErrNoRoom}, nil, 0},
		"soon":         {[]error{nil, nil, nil, rooms.ErrNoRoom}, nil, 3 * time.Millisecond},
		"never":        {[]error{nil}, failure.ErrNoAnswer, endTimeout},
		"not to learn": {[]error{nil, broken}, broken, time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), endTimeout)
				defer cancel()
				began, asked := time.Now(), -1
				err := untilGone(ctx, rooms.Room{Name: "lobby", Host: "a.example"}, func() error {
					asked = min(asked+1, len(test.answers)-1)
					return test.answers[asked]
				})
				assert.ErrorIs(t, err, test.want)
				assert.Equal(t, test.took, time.Since(began))
			})
		})
	}
}
