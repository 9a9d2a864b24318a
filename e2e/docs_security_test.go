package e2e_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// namedTest is how SECURITY.md names a test: its folder and its function.
var namedTest = regexp.MustCompile("`([a-z0-9/]+)\\.((?:Test|Fuzz)[A-Za-z0-9]+)`")

// TestDocsThreats checks that SECURITY.md names a test for each threat, and that each of
// these tests exists.
func TestDocsThreats(t *testing.T) {
	rows := tableRows(t, "SECURITY.md", "| threat | what stops it | proved by |")
	require.Greater(t, len(rows), 15)
	for _, row := range rows {
		assert.Regexp(t, namedTest, row[2], row[0])
	}
	for _, named := range namedTest.FindAllStringSubmatch(readPage(t, "SECURITY.md"), -1) {
		files, err := filepath.Glob(filepath.Join(named[1], "*_test.go"))
		require.NoError(t, err)
		found := false
		for _, file := range files {
			found = found || strings.Contains(readPage(t, file), "\nfunc "+named[2]+"(")
		}
		assert.True(t, found, "%s has no test %s", named[1], named[2])
	}
}
