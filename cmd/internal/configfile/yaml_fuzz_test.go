package configfile_test

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"

	"emanagement/cmd/internal/configfile"
)

// FuzzParse: a configuration is read as a whole, or its error is one line that names the line
// of the file. A configuration that was read is written and read as the same one.
func FuzzParse(f *testing.F) {
	const minimal = "jid: e.localhost\nserver: 127.0.0.1:5347\nsecret_file: s\n"
	for _, text := range []string{
		"", "# nothing\n", "jid: null\n", minimal, "\ufeff" + minimal, minimal + "hosts: [a, 'b']\naccess:\n- {jid: a@b, role: read, hosts: [c]}\n- uid: 5\n  role: admin\n  unconfirmed: [destroyAllRooms]\n",
		"hosts: []\n", "hosts:\n", "hosts:\n# - a\n", "hosts: &a [b]\naccess: [{hosts: *a}]\n", "access: [null]\n", "access:\n  - hosts: !!null x\n", "max_stanza_size: 1_000\n", "max_stanza_size: 1.5\n", "max_stanza_size: 0x10\n",
		"max_stanza_size: 99999999999999999999\n", "access: [{uid: -1}]\n", "access: [{uid: 4294967296}]\n", "api: {url: x, token: y}\n", "jid: |\n  a\n  b\n", "jid: >-\n a\n", "jid: \"\\u0000\"\n", "jid: 1\nstate: true\naudit: 2012-02-29\n",
		"a: *b\n", "<<: {jid: a}\n", "a: &a [*a]\n", "jid: a\n---\njid: b\n", "...\n", "%YAML 1.2\n---\njid: a\n", "? jid\n: a\n", "- jid\n", "jid\n", "jid: [a\n", "jid: 'a\n", "jid:a\n", "jid: a: b\n", "{", "}", "[", "!", "&", "*", "|", ">", "'", "\"", "%", "@", "`", "?", ":", "-", ",",
		"\xff\xfe", "\x00", "# M\xfcnchen\n", "jid:\u00a0a\n", "\tjid: a\n", "jid: a\r\nserver: b\r\n", "jid: a\rserver: b\r", "State: x\n", "hosts: {}\n", "hosts: ''\n", "access: [{gid: 5, hosts: [null]}]\n", "jid: {\n", "hosts: [[a]]\n", "api: [\n", "api:\n", "api: null\n",
	} {
		f.Add(text)
	}
	named := regexp.MustCompile(`^line [1-9][0-9]*: .`)
	f.Fuzz(func(t *testing.T, text string) {
		got, err := configfile.Parse([]byte(text))
		if err != nil {
			require.NotContains(t, err.Error(), "\n", "%q", text)
			require.True(t, utf8.ValidString(err.Error()))
			if !strings.HasPrefix(err.Error(), "it ") { // is not UTF-8, has several documents, or cannot be read at all
				require.Regexp(t, named, err.Error(), "%q", text)
			}
			return
		}
		require.Empty(t, got.Secret, "only the environment has it")
		again, err := yaml.Marshal(got)
		require.NoError(t, err)
		var read configfile.File
		require.NoError(t, yaml.Unmarshal(again, &read))
		require.Equal(t, len(got.Hosts), len(read.Hosts))
		require.Equal(t, len(got.Access), len(read.Access))
	})
}
