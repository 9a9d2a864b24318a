package work_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/verb/work"
)

// TestStop: work that ends in time ends by itself, other work is aborted, and what does
// not heed that is abandoned. No new work begins meanwhile.
func TestStop(t *testing.T) {
	for name, test := range map[string]struct {
		takes     time.Duration // for the work, unless it is aborted
		undo      time.Duration // for the work, after it was aborted
		after     time.Duration // Stop returns
		cause     error         // of the end of the work's context, while it is under way
		abandoned int
	}{
		"nothing to wait for": {0, 0, 0, nil, 0},
		"finishes":            {4 * time.Second, 0, 4 * time.Second, nil, 0},
		"undoes":              {time.Hour, 2 * time.Second, 9 * time.Second, work.ErrAborted, 0},
		"hangs":               {time.Hour, time.Hour, 10 * time.Second, work.ErrAborted, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := work.New()
				ctx, end, err := w.Begin(t.Context())
				require.NoError(t, err)
				causes := make(chan error, 1)
				go func() {
					defer end()
					select {
					case <-time.After(test.takes):
						causes <- nil
					case <-ctx.Done():
						causes <- context.Cause(ctx)
						time.Sleep(test.undo)
					}
				}()
				synctest.Wait()
				time.AfterFunc(test.after/2, func() {
					_, _, err := w.Begin(t.Context())
					assert.ErrorIs(t, err, work.ErrEnding)
				})
				began := time.Now()
				assert.Equal(t, test.abandoned, w.Stop(7*time.Second, 3*time.Second))
				assert.Equal(t, test.after, time.Since(began))
				assert.Equal(t, test.cause, <-causes)
				assert.Error(t, w.Context().Err())
				time.Sleep(2 * time.Hour)
			})
		})
	}
}
