package emanagement_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/internal/testserver"
)

// TestReadmeShowsTheConfiguration: what administrators read is what the tests
// start with.
func TestReadmeShowsTheConfiguration(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	assert.Contains(t, string(readme), "```yaml\n"+testserver.Config+"```\n")
	assert.Contains(t, string(readme), "```yaml\n"+testserver.ConfigHTTP+"```\n")
}
