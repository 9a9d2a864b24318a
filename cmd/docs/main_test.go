package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/verb"
)

func TestPage(t *testing.T) {
	quiet := &verb.Verb{Name: "getIt", Summary: "is it there?", Help: "One line.", Role: verb.Read}
	loud := &verb.Verb{
		Name: "destroyIt", Summary: "destroy a|b", Help: "All of it.", Role: verb.Admin, Once: true, Long: true,
		Params: []verb.Param{
			{Name: "domain", Label: "Host, or all", Kind: verb.Domain, Required: true},
			{Name: "affiliation", Label: "A|B", Kind: verb.Affiliation},
			{Name: "confirm", Label: "Again", Kind: verb.Confirm},
		},
	}
	assert.Equal(t, head+`| verb | role | what it does |
|---|---|---|
| [getIt](#getit) | read | is it there? |
| [destroyIt](#destroyit) | admin | destroy a\|b |

## getIt

`+"```\ngetIt\n```"+`

Is it there? One line.

- Role: read.
- May be repeated if its outcome is unknown.

## destroyIt

`+"```\ndestroyIt domain affiliation [--yes]\n```"+`

Destroy a|b. All of it.

For example:

`+"```\ndestroyIt example.org member\n```"+`

- Role: admin.
- Must not be repeated if its outcome is unknown, because it does not set a state.
- Continues as a job if it takes longer than a client waits. A message reports its end.
- Must be confirmed. Without confirmation it says what it would destroy, and does nothing.

| parameter | what it is | takes | needed |
|---|---|---|---|
| domain | Host, or all | a host of the server, or all | yes |
| affiliation | A\|B | one of owner, admin, member, outcast, none | no |
| confirm | Again | the argument domain again, or all if the verb has none | no |
`, page([]*verb.Verb{quiet, loud}))
}

// TestManual checks that each program and each of its commands has a manual page.
func TestManual(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, manual(dir))
	for _, page := range []string{"man1/emanagement.1", "man1/emanagement-serve.1", "man8/emanagementd.8", "man8/emanagementd-serve.8", "man8/emanagementd-users-import.8"} {
		assert.FileExists(t, filepath.Join(dir, page))
	}
	for _, v := range verb.Verbs() {
		text, err := os.ReadFile(filepath.Join(dir, "man1", "emanagement-"+v.Name+".1"))
		require.NoError(t, err)
		assert.Contains(t, string(text), v.Syntax())
	}
}
