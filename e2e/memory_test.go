//go:build soak || load

package e2e_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// resetPeak makes the present memory of a process its peak.
func resetPeak(t *testing.T, pid int) {
	t.Helper()
	require.NoError(t, os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0))
}

// peakMemory returns the peak memory of a process in MiB, since resetPeak.
func peakMemory(t *testing.T, pid int) int { return memory(t, pid, "VmHWM:") }

// memory returns a value of a process's status in MiB.
func memory(t *testing.T, pid int, key string) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	require.NoError(t, err)
	for line := range strings.Lines(string(status)) {
		if kB, ok := strings.CutPrefix(line, key); ok {
			n, err := strconv.Atoi(strings.Fields(kB)[0])
			require.NoError(t, err)
			return n / 1024
		}
	}
	t.Fatal("no " + key)
	return 0
}
