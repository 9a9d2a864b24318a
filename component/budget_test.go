package component

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBudget(t *testing.T) {
	b := newBudget(10)
	require.True(t, b.take("a", 4))
	assert.False(t, b.take("a", 2), "half of it")
	require.True(t, b.take("a", 1))
	require.True(t, b.take("b", 5))
	assert.False(t, b.take("c", 1), "used up")
	b.release("a", 4)
	require.True(t, b.take("c", 4))
	assert.False(t, b.take("c", 1))
	b.release("a", 1)
	b.release("b", 5)
	b.release("c", 4)
	assert.Zero(t, b.used)
	assert.Empty(t, b.bySender)
}
