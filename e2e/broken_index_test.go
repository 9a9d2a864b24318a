package e2e_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/store"
)

// TestBrokenIndex checks that the program names the damaged index file and
// exits.
func TestBrokenIndex(t *testing.T) {
	folder := t.TempDir()
	file, conf := filepath.Join(folder, store.File), filepath.Join(folder, "emanagement.yml")
	require.NoError(t, os.WriteFile(file, []byte(strings.Repeat("no database ", 500)), 0o600))
	require.NoError(t, os.WriteFile(conf, fmt.Appendf(nil, "jid: %s\nserver: 127.0.0.1:1\nstate: %s\n", service, folder), 0o600))
	for _, arguments := range [][]string{{"serve"}, {"users", "import", "-"}} {
		cmd := exec.CommandContext(t.Context(), binary, append(arguments, "--config", conf)...)
		cmd.Env = append(os.Environ(), "EMANAGEMENT_SECRET=secret")
		out, err := cmd.CombinedOutput()
		assert.Error(t, err)
		assert.Equal(t, fmt.Sprintf("emanagement: %s: cannot be opened: file is not a database (26); if it is damaged, move it away: then a new one is created\n", file), string(out))
	}
}
