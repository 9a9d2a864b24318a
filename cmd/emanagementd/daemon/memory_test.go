package daemon

import (
	"runtime"
	"runtime/metrics"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// TestReturnMemory: after a load, the machine gets its memory back.
func TestReturnMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		go returnMemory(t.Context())
		load := make([]byte, 64<<20)
		time.Sleep(memoryInterval)
		synctest.Wait()
		before := heldMemory()
		runtime.KeepAlive(load)
		load = make([]byte, 2*idleAllocation)
		runtime.KeepAlive(load)
		time.Sleep(memoryInterval)
		synctest.Wait()
		assert.Less(t, heldMemory(), before-(32<<20))
	})
}

// heldMemory returns how much of the machine's memory the process holds, in bytes.
func heldMemory() int {
	held := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(held)
	return int(held[0].Value.Uint64() - held[1].Value.Uint64())
}
