package stanzas

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestFailedProbeKeepsMethod: a probe that finds nothing out leaves the method that an
// earlier one has found.
func TestFailedProbeKeepsMethod(t *testing.T) {
	w := newWriteMethods()
	w.set("a.example", writeByAPI, true)
	w.set("a.example", writeUnknown, false)
	assert.Equal(t, writeByAPI, w.current("a.example"))
	assert.False(t, w.isConfirmed("a.example"))
	w.set("a.example", writeByStanza, true)
	assert.Equal(t, writeByStanza, w.current("a.example"))
}

// TestSlowProbeOfOneHost: while one host is probed, another one can be, and those who ask
// about the first one wait no longer than their context lasts.
func TestSlowProbeOfOneHost(t *testing.T) {
	var l hostStates[listing]
	slow, releaseSlow, err := l.acquire(t.Context(), "slow.example")
	require.NoError(t, err)
	_, release, err := l.acquire(t.Context(), "other.example")
	require.NoError(t, err)
	release()

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err = l.acquire(ctx, "slow.example")
	assert.ErrorIs(t, err, context.Canceled)
	slow.lists = true
	releaseSlow()
	again, release, err := l.acquire(t.Context(), "slow.example")
	require.NoError(t, err)
	assert.True(t, again.lists)
	release()
}
