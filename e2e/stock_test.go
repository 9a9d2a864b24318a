package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/internal/testserver"
)

// TestStockFiles merges the documented configuration into the ejabberd.yml that
// Debian ships. The server must start and work, and the documented ports must
// be free in Debian's file.
func TestStockFiles(t *testing.T) {
	t.Parallel()
	for kind, text := range map[testserver.Kind]string{
		testserver.AdHoc: testserver.Config, testserver.Debian13: testserver.ConfigHTTP, testserver.Debian12: testserver.ConfigHTTP,
	} {
		t.Run(kind.String(), func(t *testing.T) {
			t.Parallel()
			stock, err := kind.Stock()
			require.NoError(t, err)
			var ours map[string]any
			require.NoError(t, yaml.Unmarshal([]byte(text), &ours))
			taken := make(map[any]bool)
			for _, l := range stock["listen"].([]any) {
				taken[l.(map[string]any)["port"]] = true
			}
			assert.NotEmpty(t, taken)
			for _, l := range ours["listen"].([]any) {
				assert.False(t, taken[l.(map[string]any)["port"]], l)
			}
			d := &deployment{kind: kind, stock: true}
			t.Cleanup(func() { assert.NoError(t, d.close()) })
			require.NoError(t, d.startServer(t.Context()))
			require.NoError(t, d.startProgram(t.Context()))
			requireDone(t, d.login(t, "admin@localhost"), "setBidireccionalBuddys", "userAJid", "a@localhost", "userBJid", "b@localhost")
			assert.Equal(t, []storedItem{{"b@localhost", "", "both", []string{}}}, d.storedRoster(t, "a@localhost"))
		})
	}
}

// TestStockDiffs checks that each documented diff of Debian's file produces the
// same configuration as the documented text.
func TestStockDiffs(t *testing.T) {
	for diff, test := range map[string]struct {
		kind testserver.Kind
		text string
	}{
		"debian-12.diff":        {testserver.Debian12, testserver.ConfigHTTP},
		"debian-13.diff":        {testserver.Debian13, testserver.ConfigHTTP},
		"debian-backports.diff": {testserver.AdHoc, testserver.Config},
	} {
		t.Run(diff, func(t *testing.T) {
			path, err := filepath.Abs(filepath.Join("docs", diff))
			require.NoError(t, err)
			stock, err := test.kind.StockText()
			require.NoError(t, err)
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, "ejabberd.yml"), stock, 0o600))
			apply := exec.CommandContext(t.Context(), "git", "apply", path)
			apply.Dir = dir
			out, err := apply.CombinedOutput()
			require.NoErrorf(t, err, "%s", out)
			changed, err := os.ReadFile(filepath.Join(dir, "ejabberd.yml"))
			require.NoError(t, err)
			var got map[string]any
			require.NoError(t, yaml.Unmarshal(changed, &got))
			want, err := test.kind.Stock()
			require.NoError(t, err)
			require.NoError(t, testserver.Merge(want, test.text))
			assert.Equal(t, want, got)
		})
	}
}
