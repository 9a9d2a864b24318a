package e2e_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/stanza"

	"emanagement/internal/testserver"
	"emanagement/internal/xmppclient"
)

// TestAddingAVerb adds the verb of docs/adding-a-verb.md to the program. It
// uses only the code of that page, and checks everything that the page
// promises.
func TestAddingAVerb(t *testing.T) {
	t.Parallel()
	overlay := withDocumentedVerb(t)
	binary, err := build(t.Context(), t.TempDir(), "-overlay", overlay)
	require.NoError(t, err)
	s := testserver.Run(t, nil)
	for _, name := range []string{"admin", "reader", "writer"} {
		require.NoError(t, s.Register(t.Context(), name, "localhost", "pw"))
	}
	auditLog := filepath.Join(t.TempDir(), "audit.log")
	p, err := testserver.StartProgram(t.Context(), binary, s, testserver.Settings{Access: access, Env: []string{"EMANAGEMENT_AUDIT=" + auditLog}})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, p.Stop(), p.Log()) })
	admin, reader, writer := loginTo(t, s, "admin@localhost"), loginTo(t, s, "reader@localhost"), loginTo(t, s, "writer@localhost")

	t.Run("disco", func(t *testing.T) {
		offered := func(c *xmppclient.Client) bool {
			commands, err := c.Commands(shortContext(t), service)
			require.NoError(t, err)
			return slices.ContainsFunc(commands, func(c xmppclient.Command) bool {
				return c.Node == "followBuddy" && c.Name == "Follow contact"
			})
		}
		assert.True(t, offered(admin))
		assert.True(t, offered(writer))
		assert.False(t, offered(reader))
	})
	t.Run("form and help", func(t *testing.T) {
		form, err := admin.Execute(shortContext(t), service, "followBuddy")
		require.NoError(t, err)
		assert.Equal(t, "followBuddy: let a user follow a contact", form.Title)
		assert.Contains(t, form.Instructions, "in the group Following")
		assert.Equal(t, []xmppclient.Field{
			{Var: "userJid", Type: "jid-single", Label: "User", Required: true},
			{Var: "buddyJid", Type: "jid-single", Label: "Contact to follow", Required: true},
			{Var: "buddyNick", Type: "text-single", Label: "The contact's nick"},
		}, form.Fields)
	})
	t.Run("run, role and audit", func(t *testing.T) {
		values := []string{"userJid", "demo@localhost", "buddyJid", "pamela@localhost", "buddyNick", "Pamela"}
		requireDone(t, admin, "followBuddy", values...)
		want := []storedItem{{"pamela@localhost", "Pamela", "to", []string{"Following"}}}
		assert.Equal(t, want, storedRoster(t, s, "demo@localhost"))

		_, err := reader.Run(shortContext(t), service, "followBuddy", formValues(values...))
		assertForbidden(t, err)
		_, err = writer.Run(shortContext(t), service, "followBuddy", formValues("userJid", "demo@example.org", "buddyJid", "pamela@localhost"))
		assertForbidden(t, err)
		assert.Empty(t, storedRoster(t, s, "demo@example.org"))

		lines := auditLines(t, auditLog)
		require.Len(t, lines, 4)
		item, verb, ofReader, ofWriter := lines[0], lines[1], lines[2], lines[3]
		for i, l := range lines {
			assert.Equal(t, "followBuddy", l["verb"])
			assert.Equal(t, "ad-hoc", l["front"])
			assert.Equal(t, []string{"admin@localhost", "admin@localhost", "reader@localhost", "writer@localhost"}[i], strings.Split(l["asker"].(string), "/")[0])
			assert.NotEmpty(t, l["time"])
		}
		assert.Equal(t, item["run"], verb["run"])
		assert.Nil(t, item["before"])
		assert.Equal(t, map[string]any{"subscription": "to", "name": "Pamela", "groups": []any{"Following"}}, item["after"])
		assert.Equal(t, "Done", verb["outcome"])
		assert.Equal(t, []any{"Pamela"}, verb["arguments"].(map[string]any)["buddyNick"])
		assert.Equal(t, "reader@localhost may not run followBuddy: it takes the role write", ofReader["outcome"])
		assert.Equal(t, "writer@localhost may not run followBuddy on example.org", ofWriter["outcome"])
	})
	t.Run("chat", func(t *testing.T) {
		c := chatter{writer, t}
		help := c.ask("help followBuddy")
		assert.Contains(t, help, "About followBuddy: let a user follow a contact.\n")
		_, example, ok := strings.Cut(help, "\nExample:\n")
		require.True(t, ok, help)
		assert.Equal(t, `followBuddy ana@localhost ben@localhost "some words"`, example)
		assert.Equal(t, "Done", c.ask(example))
		assert.Equal(t, []storedItem{{"ben@localhost", "some words", "to", []string{"Following"}}}, storedRoster(t, s, "ana@localhost"))
	})
	t.Run("docs", func(t *testing.T) {
		page := filepath.Join(t.TempDir(), "verbs.md")
		out, err := exec.CommandContext(t.Context(), "go", "run", "-overlay", overlay, "./cmd/docs", page).CombinedOutput()
		require.NoError(t, err, string(out))
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		assert.Contains(t, string(text), "| [followBuddy](#followbuddy) | write | let a user follow a contact |\n")
		assert.Contains(t, string(text), "## followBuddy\n\n```\nfollowBuddy userJid buddyJid buddyNick\n```\n")
	})
}

// withDocumentedVerb writes a go build overlay: the table of roster verbs with
// the documented entry, followed by the documented function. It returns the
// path of the overlay file.
func withDocumentedVerb(t *testing.T) (overlay string) {
	page, err := os.ReadFile("docs/adding-a-verb.md")
	require.NoError(t, err)
	code := regexp.MustCompile("(?s)```go\n(.*?)```\n").FindAllSubmatch(page, -1)
	require.Len(t, code, 2, "the entry and the function")

	table := regexp.MustCompile("`rosterVerbs` in `(verb/[a-z_]+\\.go)`").FindSubmatch(page)
	require.NotNil(t, table, "the file of the table")
	path, err := filepath.Abs(string(table[1]))
	require.NoError(t, err)
	source, err := os.ReadFile(path)
	require.NoError(t, err)
	begin := regexp.MustCompile(`(?s)func rosterVerbs\(\).*?return \[\]\*Verb{\n`).FindIndex(source)
	require.NotNil(t, begin)
	changed := slices.Concat(source[:begin[1]], code[0][1], source[begin[1]:], []byte("\n"), code[1][1])

	dir := t.TempDir()
	replacement := filepath.Join(dir, "rosters.go")
	require.NoError(t, os.WriteFile(replacement, changed, 0o600))
	replace, err := json.Marshal(map[string]any{"Replace": map[string]string{path: replacement}})
	require.NoError(t, err)
	overlay = filepath.Join(dir, "overlay.json")
	require.NoError(t, os.WriteFile(overlay, replace, 0o600))
	return overlay
}

func assertForbidden(t *testing.T, err error) {
	t.Helper()
	var refused stanza.Error
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, stanza.Forbidden, refused.Condition)
}

// auditLines parses an audit log.
func auditLines(t *testing.T, path string) []map[string]any {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var lines []map[string]any
	for line := range strings.Lines(string(text)) {
		var l map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &l), line)
		lines = append(lines, l)
	}
	return lines
}
