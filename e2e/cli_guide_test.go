package e2e_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/internal/testserver"
)

// guideSession is the shell session of the emanagement guide, with the output
// of the script of 2012: a rule of 37 characters, and tabs between columns.
const guideSession = `
$ ./emanagement getRoster demo@localhost
lois-johnson@localhost	Lois	both	none	SocialStream
pamela-hall@localhost	Pamela	both	none	SocialStream
terry-alvarez@localhost	Terry	both	none	SocialStream
$ ./emanagement printAllRostersByDomain localhost
-------------------------------------
demo Roster
-------------------------------------
lois-johnson@localhost	Lois	both	none	SocialStream
pamela-hall@localhost	Pamela	both	none	SocialStream
terry-alvarez@localhost	Terry	both	none	SocialStream
-------------------------------------
-------------------------------------
jacqueline-moore Roster
-------------------------------------
pamela-hall@localhost	Pamela	both	none	SocialStream
-------------------------------------
-------------------------------------
lois-johnson Roster
-------------------------------------
demo@localhost	Demo	both	none	SocialStream
-------------------------------------
-------------------------------------
pamela-hall Roster
-------------------------------------
demo@localhost	Demo	both	none	SocialStream
jacqueline-moore@localhost	Jacqueline	both	none	SocialStream
-------------------------------------
-------------------------------------
terry-alvarez Roster
-------------------------------------
demo@localhost	Demo	both	none	SocialStream
-------------------------------------
Done
$ ./emanagement checkBidirecctionalBuddys demo@localhost pamela-hall@localhost
true
$ ./emanagement setPresence demo@localhost
Done
$ ./emanagement sendPresence demo@localhost away
Done
$ ./emanagement sendMessageToUser SocialStream demo@localhost "Hello World"
Done
$ ./emanagement getUserResource demo@localhost
web
$ ./emanagement removeBuddyFromRoster demo@localhost terry-alvarez@localhost
Done
$ ./emanagement removeBuddyFromRoster demo@localhost terry-alvarez@localhost
User terry-alvarez@localhost not found in demo@localhost roster.
$ ./emanagement unsetBidireccionalBuddys demo@localhost lois-johnson@localhost Lois SocialStream
Done
$ ./emanagement unsetBidireccionalBuddys demo@localhost lois-johnson@localhost Lois SocialStream
demo@localhost and lois-johnson@localhost aren't bidireccional buddys
$ ./emanagement printAllBidirecctionalBuddysByDomain localhost
[demo@localhost,pamela-hall@localhost]
[jacqueline-moore@localhost,pamela-hall@localhost]
Done
$ ./emanagement removeRoster nobody@localhost
Roster not found for userJid nobody@localhost
$ ./emanagement getRoster
Error: Params required for command getRoster: 1
Syntax for command getRoster
getRoster userJid
Use 'help' to get information about command syntax
$ ./emanagement makeCoffee
Error: Command not recognized
Use 'help' to get information about command syntax
$ ./emanagement removeAllRostersByDomain localhost --yes
Done
$ ./emanagement getAllUserJidsWithRosterByDomain localhost
$ ./emanagement getRoster demo@localhost
Roster not found for user demo@localhost
`

// TestGuideSession runs the session of the guide in a shell, in a folder that
// contains only the two programs, as old code does. The output must equal the
// guide's to the letter.
func TestGuideSession(t *testing.T) {
	t.Parallel()
	d := newDeployment(t, testserver.AdHoc, nil)
	registerOn(t, d.Server, "demo@localhost")
	demo := d.login(t, "demo@localhost/web")
	require.NoError(t, demo.Send(t.Context(), "<presence/>"))
	for _, pair := range [][2]string{{"demo", "pamela-hall"}, {"demo", "terry-alvarez"}, {"demo", "lois-johnson"}, {"jacqueline-moore", "pamela-hall"}} {
		a, b := pair[0], pair[1]
		nick := func(s string) string { return strings.ToUpper(s[:1]) + strings.SplitN(s, "-", 2)[0][1:] }
		d.storeItems(t, a+"@localhost", storedItem{b + "@localhost", nick(b), "both", []string{"SocialStream"}})
		d.storeItems(t, b+"@localhost", storedItem{a + "@localhost", nick(a), "both", []string{"SocialStream"}})
	}
	scripts := t.TempDir()
	for _, name := range []string{"emanagement", "emanagement-client", "emanagementd"} {
		require.NoError(t, os.Link(filepath.Join(filepath.Dir(binary), name), filepath.Join(scripts, name)))
	}
	var script strings.Builder
	for line := range strings.Lines(guideSession) {
		if command, ok := strings.CutPrefix(line, "$ "); ok {
			fmt.Fprintf(&script, "cat <<'END'\n%sEND\n%s", line, command)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	shell := exec.CommandContext(ctx, "sh", "-c", script.String())
	shell.Dir, shell.Env = scripts, append(os.Environ(), "EMANAGEMENT_CONTROL="+d.program.Control())
	got := runCommand(t, shell)
	assert.Equal(t, strings.TrimPrefix(guideSession, "\n"), got.out)
	assert.Empty(t, got.err)
	requireMessage(t, demo, "socialstream@"+testserver.Component, "Hello World")
}
