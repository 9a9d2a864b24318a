package daemon

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestImportUsers(t *testing.T) {
	t.Setenv("EMANAGEMENT_SECRET", "secret")
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	const conf = "jid: emanagement.example.org\nserver: 127.0.0.1:5347\n"
	withState, stateless := write("with_state.yml", conf+"state: "+dir+"\n"), write("stateless.yml", conf)
	list, flawed := write("list", "a@example.org\nb@example.org\n"), write("flawed", "c@example.org\nd@\n")
	for _, test := range []struct {
		args   string
		status int
		out    string // in the standard output
		diag   string // in the standard error
	}{
		{"users", exitUsage, "", "users: write users import FILE"},
		{"users import", exitUsage, "", "users: write users import FILE"},
		{"users export " + list, exitUsage, "", "users: write users import FILE"},
		{"users import " + list + " " + list, exitUsage, "", "is one argument too many"},
		{"users import --file " + list, exitUsage, "", "unknown flag: --file"},
		{"users import --help", exitOK, "Usage:\n  emanagementd users import FILE|- [flags]", ""},
		{"users import " + list + " --config " + stateless, exitError, "", "stateless.yml: state: missing"},
		{"users import " + list + "x --config " + withState, exitError, "", "listx: no such file"},
		{"users import " + list + " --config " + withState, exitOK, "users: 2 read, 2 new\n", ""},
		{"users --config " + withState + " import " + list, exitOK, "users: 2 read, 0 new\n", ""},
		{"users import --config " + withState + " " + flawed, exitError, "users: 1 read, 1 new\n", "flawed: line 2: \"d@\" is not a JID\n"},
	} {
		t.Run(strings.ReplaceAll(test.args, dir, ""), func(t *testing.T) {
			var out, diag bytes.Buffer
			assert.Equal(t, test.status, run(t.Context(), strings.Fields(test.args), streams{nil, &out, &diag}))
			if test.out == "" {
				assert.Empty(t, out.String())
			}
			assert.Contains(t, out.String(), test.out)
			assert.Contains(t, diag.String(), test.diag)
			assert.Equal(t, test.status == exitOK, diag.Len() == 0, diag.String())
		})
	}
}
