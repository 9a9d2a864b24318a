package e2e_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"emanagement/front/control/client"
	"emanagement/internal/testserver"
	"emanagement/verb/wire"
)

// BenchmarkCommandLine runs two verbs in every way that a script can, each from
// start to exit. As a baseline, it runs a program that does nothing, and this
// program without a verb. The ways are: a caller that is already running (the
// time of the server itself), the command, with --json, as an XMPP account, and
// ejabberdctl.
func BenchmarkCommandLine(b *testing.B) {
	s := testserver.Run(b, nil)
	require.NoError(b, s.Register(b.Context(), "admin", "localhost", "pw"))
	for i := range 20 {
		storeItems(b, s, "user@localhost", storedItem{fmt.Sprintf("contact%d@localhost", i), "Contact", "both", []string{"Group"}})
	}
	p, err := testserver.StartProgram(b.Context(), binary, s, testserver.Settings{Access: access})
	require.NoError(b, err)
	defer p.Stop()
	password := filepath.Join(b.TempDir(), "password")
	require.NoError(b, os.WriteFile(password, []byte("pw"), 0o600))
	process := func(path string, args ...string) func(*testing.B) {
		return func(b *testing.B) {
			for b.Loop() {
				c := exec.CommandContext(b.Context(), path, args...)
				c.Env = append(os.Environ(), "EMANAGEMENT_CONTROL="+p.Control())
				if out, err := c.CombinedOutput(); err != nil {
					b.Fatal(err, string(out))
				}
			}
		}
	}
	b.Run("nothing", process("/bin/true"))
	b.Run("version", process(binary, "version"))
	for verb, test := range map[string]struct{ args, ctl []string }{
		"getRoster":        {[]string{"user@localhost"}, []string{"get_roster", "user", "localhost"}},
		"addBuddyToRoster": {[]string{"user@localhost", "contact7@localhost", "Contact", "Group", "both"}, []string{"add_rosteritem", "user", "localhost", "contact7", "localhost", "Contact", "Group", "both"}},
	} {
		line := append([]string{verb}, test.args...)
		b.Run("called/"+verb, func(b *testing.B) {
			for b.Loop() {
				if _, err := client.Run(b.Context(), p.Control(), verb, wire.Call{Args: test.args}, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("command/"+verb, process(binary, line...))
		b.Run("json/"+verb, process(binary, append(slices.Clone(line), "--json")...))
		b.Run("as/"+verb, process(binary, append([]string{"--as", "admin@localhost", "--server", s.ClientAddr(), "--component", testserver.Component, "--password-file", password}, line...)...))
		b.Run("ejabberdctl/"+verb, func(b *testing.B) {
			for b.Loop() {
				if _, err := s.Ctl(b.Context(), test.ctl...); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
