package configfile_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/cmd/internal/configfile"
)

// folder is a test's folder.
type folder string

func newFolder(t *testing.T) folder { return folder(t.TempDir()) }

func (f folder) path(name string) string { return filepath.Join(string(f), name) }

func (f folder) write(t *testing.T, name, text string, mode os.FileMode) {
	require.NoError(t, os.WriteFile(f.path(name), []byte(text), mode))
	require.NoError(t, os.Chmod(f.path(name), mode)) // WriteFile obeys the umask
}

// TestLoadCaller checks that a caller finds the component even if the configuration does
// not exist, but not if the caller named that configuration.
func TestLoadCaller(t *testing.T) {
	const socket = "/srv/control.sock"
	dir := newFolder(t)
	dir.write(t, "c.yml", "jid: emanagement.example.org\nserver: 127.0.0.1:5347\nsecret_file: /no/such\ncontrol: "+socket+"\n", 0o644)
	dir.write(t, "none.yml", "control: none\n", 0o644)
	dir.write(t, "plain.yml", "jid: emanagement.example.org\n", 0o644)
	dir.write(t, "bad.yml", "control: [1]\n", 0o644)
	for name, test := range map[string]struct {
		file  string
		named bool
		env   map[string]string
		want  configfile.Caller
		err   string
	}{
		"the file":              {"c.yml", true, nil, configfile.Caller{Control: socket, JID: "emanagement.example.org"}, ""},
		"nothing of it":         {"plain.yml", true, nil, configfile.Caller{Control: configfile.DefaultControl, JID: "emanagement.example.org"}, ""},
		"none":                  {"none.yml", true, nil, configfile.Caller{}, ""},
		"no file":               {"x.yml", false, nil, configfile.Caller{Control: configfile.DefaultControl}, ""},
		"no file, named":        {"x.yml", true, nil, configfile.Caller{}, "x.yml: no such file or directory"},
		"the environment":       {"c.yml", false, map[string]string{"EMANAGEMENT_CONTROL": "/e", "EMANAGEMENT_JID": "e.localhost"}, configfile.Caller{Control: "/e", JID: "e.localhost"}, ""},
		"the environment alone": {"x.yml", false, map[string]string{"EMANAGEMENT_CONTROL": "/e"}, configfile.Caller{Control: "/e"}, ""},
		"a bad environment":     {"x.yml", false, map[string]string{"EMANAGEMENT_CONTROL": "e"}, configfile.Caller{}, `control: "e" is neither`},
		"a bad file":            {"bad.yml", false, nil, configfile.Caller{}, "bad.yml: line 1: control: a list is not allowed here"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := configfile.LoadCaller(dir.path(test.file), test.named, func(name string) string { return test.env[name] })
			if test.err != "" {
				require.ErrorContains(t, err, test.err)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, test.want, got)
		})
	}
}
