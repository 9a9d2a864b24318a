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
	require.True(t, b.take("b", 2))
	assert.False(t, b.take("b", 1), "half of what the other left")
	require.True(t, b.take("c", 1))
	require.True(t, b.take("d", 1))
	assert.False(t, b.take("e", 1), "used up")
	b.release("a", 5)
	require.True(t, b.take("e", 3))
	b.release("b", 2)
	b.release("c", 1)
	b.release("d", 1)
	b.release("e", 3)
	assert.Zero(t, b.used)
	assert.Empty(t, b.bySender)
}
