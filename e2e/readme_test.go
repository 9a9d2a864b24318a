package e2e_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/internal/testserver"
	"emanagement/verb"
)

// TestReadmeShowsTheConfiguration: what administrators read is what the tests
// start with.
func TestReadmeShowsTheConfiguration(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	assert.Contains(t, string(readme), "```yaml\n"+testserver.Config+"```\n")
	assert.Contains(t, string(readme), "```yaml\n"+testserver.ConfigHTTP+"```\n")
}

// TestReadmeNamesVerbsAndFields as they are.
func TestReadmeNamesVerbsAndFields(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	_, table, ok := strings.Cut(string(readme), "| verb | fields | answer |\n|---|---|---|\n")
	require.True(t, ok)
	table, _, _ = strings.Cut(table, "\n\n")
	verbs := verb.Verbs()
	for row := range strings.SplitSeq(table, "\n") {
		cells := regexp.MustCompile("^\\| `(.*?)` \\| (.*?) ?\\|").FindStringSubmatch(row)
		require.NotNil(t, cells, row)
		i := slices.IndexFunc(verbs, func(v *verb.Verb) bool { return v.Name == cells[1] })
		require.GreaterOrEqual(t, i, 0, row)
		fields := []string{}
		for _, p := range verbs[i].Params {
			fields = append(fields, p.Name)
		}
		assert.Equal(t, fields, strings.Fields(cells[2]), row)
	}
}
