package e2e_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/internal/testserver"
)

// TestListsAreWhole checks that the command line prints lists beyond the
// default limit that ad-hoc clients get. Only --limit cuts a list, and --from
// continues it.
func TestListsAreWhole(t *testing.T) {
	t.Parallel()
	d := newDeployment(t, testserver.AdHoc, nil)
	const many = 1234
	var contacts []storedItem
	var want strings.Builder
	for i := range many {
		contacts = append(contacts, storedItem{fmt.Sprintf("c%04d@localhost", i), "", "both", nil})
	}
	d.storeItems(t, "hub@localhost", contacts...)
	for i := range many {
		d.storeItems(t, fmt.Sprintf("c%04d@localhost", i), storedItem{"hub@localhost", "", "both", nil})
		fmt.Fprintf(&want, "c%04d@localhost\n", i)
	}
	want.WriteString("hub@localhost\n")
	assert.Equal(t, cliResult{"Roster not found for user first@localhost\n", "", 1}, emanagement(t, d.program, "getRoster", "first@localhost"))
	require.Equal(t, cliResult{"hub@localhost\n", "", 0}, cliResult{firstColumn(emanagement(t, d.program, "getRoster", "c0000@localhost").out), "", 0})
	assert.Equal(t, cliResult{want.String(), "", 0}, emanagement(t, d.program, "getAllUserJidsWithRosterByDomain", "localhost"))

	var all []string
	for from := ""; ; {
		got := emanagement(t, d.program, "getAllUserJidsWithRosterByDomain", "localhost", "--limit", "500", "--from="+from, "--json")
		require.Equal(t, 0, got.status, got.err)
		var page struct {
			Items []string
			Next  string
		}
		require.NoError(t, json.Unmarshal([]byte(got.out), &page))
		require.LessOrEqual(t, len(page.Items), 500)
		all = append(all, page.Items...)
		if from = page.Next; from == "" {
			break
		}
	}
	assert.Equal(t, strings.Fields(want.String()), all)
	cut := emanagement(t, d.program, "getAllUserJidsWithRosterByDomain", "localhost", "--limit", "1")
	assert.Equal(t, cliResult{"c0000@localhost\n", "emanagement: there are more: go on with --from c0000@localhost\n", 0}, cut)

	as := func(args ...string) cliResult {
		c := exec.CommandContext(shortContext(t), binary, append([]string{"--as", "admin@localhost", "--server", d.ClientAddr()}, args...)...)
		c.Env = append(os.Environ(), "EMANAGEMENT_PASSWORD=pw")
		return runCommand(t, c)
	}
	assert.Equal(t, cliResult{want.String(), "", 0}, as("getAllUserJidsWithRosterByDomain", "localhost"))
	assert.Equal(t, emanagement(t, d.program, "printAllRostersByDomain", "localhost"), as("printAllRostersByDomain", "localhost"))
	var here, there struct{ Outcome string }
	for into, got := range map[*struct{ Outcome string }]cliResult{
		&here:  emanagement(t, d.program, "printAllBidirecctionalBuddysByDomain", "localhost", "--json"),
		&there: as("printAllBidirecctionalBuddysByDomain", "localhost", "--json"),
	} {
		require.NoError(t, json.Unmarshal([]byte(got.out), into), got.err)
	}
	assert.Contains(t, here.Outcome, "1234 pairs; found by ")
	assert.Contains(t, there.Outcome, "1234 pairs; found by ")

	full := exec.CommandContext(shortContext(t), "sh", "-c", binary+" getRoster hub@localhost >/dev/full")
	full.Env = append(os.Environ(), "EMANAGEMENT_CONTROL="+d.program.Control())
	assert.Equal(t, cliResult{"", "emanagement: write /dev/stdout: no space left on device; the verb was carried out\n", 1}, runCommand(t, full))
}

// firstColumn returns the first column of each line.
func firstColumn(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		column, _, _ := strings.Cut(line, "\t")
		b.WriteString(column + "\n")
	}
	return b.String()
}
