package daemon

import (
	"context"
	"math"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"
)

const (
	// memoryTarget is the memory beyond which the collector works more. It is no limit: a
	// load that needs more gets it.
	memoryTarget = 64 << 20
	// growth is by how much the heap may grow before it is collected, in percent. The heap is
	// small, and would be collected all the time with Go's own 100.
	growth = 400
	// memoryInterval is the time between two returns of memory.
	memoryInterval = 10 * time.Second
	// idleAllocation is how many bytes an idle program allocates at most between two
	// returns. There is little to return then.
	idleAllocation = 1 << 20
)

// beginReturningMemory has the collector work seldom while there is room, and give memory back
// to the machine soon after a load, until stop is called or the context ends. Without it, an
// idle program keeps for minutes what its peak took. GOMEMLIMIT and GOGC have precedence.
func beginReturningMemory(ctx context.Context) (stop func()) {
	if debug.SetMemoryLimit(-1) == math.MaxInt64 {
		debug.SetMemoryLimit(memoryTarget)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(growth)
	}
	ctx, cancel := context.WithCancel(ctx)
	var returning sync.WaitGroup
	returning.Go(func() { returnMemory(ctx) })
	return func() {
		cancel()
		returning.Wait()
	}
}

// returnMemory returns memory until the context ends.
func returnMemory(ctx context.Context) {
	tick := time.NewTicker(memoryInterval)
	defer tick.Stop()
	var known uint64 // the allocation at the last return
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		if allocated() > known+idleAllocation {
			debug.FreeOSMemory()
			known = allocated()
		}
	}
}

// allocated returns how many bytes the program has allocated since its start.
func allocated() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}
