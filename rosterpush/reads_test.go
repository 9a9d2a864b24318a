package rosterpush

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"mellium.im/xmpp/jid"
)

// reader counts reads, and lets each wait until it is released.
type reader struct {
	reads   reads
	began   atomic.Int32
	release chan struct{}
}

var anybody = jid.MustParse("anybody@localhost")

func (r *reader) read(ctx context.Context) error {
	_, err := r.reads.read(ctx, anybody, func(ctx context.Context) (*Roster, error) {
		r.began.Add(1)
		select {
		case <-r.release:
			return new(Roster), nil
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	})
	return err
}

// TestReadsOfCancelledRequests: a request whose context ends takes nobody else's read with it,
// whether it reads for all or waits. Nothing is left in the end.
func TestReadsOfCancelledRequests(t *testing.T) {
	for name, test := range map[string]struct {
		cancel []int // which requests, in the order of their arrival
		reads  int32 // 0: that depends on who reads for the others
	}{
		"nobody":                    {nil, 2},
		"the first":                 {[]int{0}, 2},
		"the first two":             {[]int{0, 1}, 0},
		"all who wait":              {[]int{1, 2, 3}, 1},
		"all":                       {[]int{0, 1, 2, 3}, 0},
		"one who waits":             {[]int{2}, 2},
		"all but the last, in turn": {[]int{2, 1, 0}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &reader{release: make(chan struct{})}
				var cancels [4]context.CancelFunc
				var errs [4]error
				var all sync.WaitGroup
				for n := range cancels {
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					cancels[n] = cancel
					all.Go(func() { errs[n] = r.read(ctx) })
					synctest.Wait()
				}
				assert.EqualValues(t, 1, r.began.Load(), "all others wait for the first")
				for _, n := range test.cancel {
					cancels[n]()
					synctest.Wait()
				}
				close(r.release)
				all.Wait()
				cancelled := 0
				for _, err := range errs {
					if errors.Is(err, context.Canceled) {
						cancelled++
					} else {
						assert.NoError(t, err)
					}
				}
				assert.Equal(t, len(test.cancel), cancelled)
				if test.reads > 0 {
					assert.Equal(t, test.reads, r.began.Load())
				}
				assert.Empty(t, r.reads.byUser)
			})
		})
	}
}

// TestReadLeaderIsCancelledWhileOthersShare: the request that reads for all is cancelled, and
// another one reads in its place.
func TestReadLeaderIsCancelledWhileOthersShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &reader{release: make(chan struct{})}
		var all sync.WaitGroup
		all.Go(func() { assert.NoError(t, r.read(t.Context())) })
		synctest.Wait()
		contexts := make(map[context.Context]context.CancelFunc)
		var cancelled atomic.Int32
		for range 3 {
			ctx, cancel := context.WithCancel(t.Context())
			contexts[ctx] = cancel
			all.Go(func() {
				if err := r.read(ctx); err != nil {
					assert.ErrorIs(t, err, context.Canceled)
					cancelled.Add(1)
				}
			})
		}
		synctest.Wait()
		r.release <- struct{}{} // the first read ends, and one of the three reads for them
		synctest.Wait()
		assert.EqualValues(t, 2, r.began.Load())
		for _, cancel := range contexts {
			if cancelled.Load() == 0 {
				cancel() // until it is the one that reads: the others only stop to wait
				synctest.Wait()
			}
		}
		close(r.release)
		all.Wait()
		assert.Positive(t, cancelled.Load())
		assert.Empty(t, r.reads.byUser)
		for _, cancel := range contexts {
			cancel()
		}
	})
}
