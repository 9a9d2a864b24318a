package e2e_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/internal/testserver"
	"emanagement/verb"
)

// TestDocsShowTheConfiguration: what administrators read is what the tests start with.
func TestDocsShowTheConfiguration(t *testing.T) {
	for page, config := range map[string]string{"docs/install.md": testserver.Config, "docs/ejabberd-versions.md": testserver.ConfigHTTP} {
		blocks := codeBlocks(t, page)
		i := slices.IndexFunc(blocks, func(b codeBlock) bool { return isServerConfig(b) })
		require.GreaterOrEqual(t, i, 0, page)
		assert.Equal(t, config, blocks[i].text)
	}
}

// tableRows returns the cells of the table that begins with the heading row, without
// the rule below it.
func tableRows(t *testing.T, page, headingRow string) [][]string {
	t.Helper()
	_, table, ok := strings.Cut(readPage(t, page), "\n"+headingRow+"\n")
	require.True(t, ok, "%s has no table %s", page, headingRow)
	table, _, _ = strings.Cut(table, "\n\n")
	var rows [][]string
	for _, line := range strings.Split(strings.TrimRight(table, "\n"), "\n")[1:] {
		var cells []string
		for _, cell := range strings.Split(strings.Trim(line, "|"), "|") {
			cells = append(cells, strings.TrimSpace(cell))
		}
		rows = append(rows, cells)
	}
	return rows
}

// TestDocsNameVerbsAndFields as they are.
func TestDocsNameVerbsAndFields(t *testing.T) {
	verbs := verb.Verbs()
	rows := tableRows(t, "docs/command-line.md", "| verb | fields | answer |")
	assert.Len(t, rows, len(verbs))
	for _, row := range rows {
		i := slices.IndexFunc(verbs, func(v *verb.Verb) bool { return "`"+v.Name+"`" == row[0] })
		require.GreaterOrEqual(t, i, 0, row)
		fields := []string{}
		for _, p := range verbs[i].Params {
			fields = append(fields, p.Name)
		}
		assert.Equal(t, fields, strings.Fields(row[1]), row)
	}
}

// goSource returns the Go source of a folder and those below it, without tests. Of the
// whole module, it leaves out what is not the program.
func goSource(t *testing.T, folder string) string {
	t.Helper()
	var source strings.Builder
	require.NoError(t, filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (slices.Contains([]string{"e2e", "internal", "clients"}, path) || path != "." && strings.HasPrefix(path, ".")):
			return filepath.SkipDir
		case filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		source.WriteString(readPage(t, path))
		return nil
	}))
	return source.String()
}

// TestDocsLogTexts checks that the program's source has every text that the table of
// troubleshooting quotes. A … stands for what differs.
func TestDocsLogTexts(t *testing.T) {
	source := goSource(t, ".") + syscall.ECONNREFUSED.Error()
	for _, row := range tableRows(t, "docs/install.md", "| log | what to do |") {
		quoted := codeSpan.FindAllString(row[0], -1)
		require.NotEmpty(t, quoted, row)
		for _, text := range quoted {
			for part := range strings.SplitSeq(strings.Trim(text, "`"), "…") {
				assert.True(t, strings.Contains(source, strings.TrimRight(part, ")")), "the program does not print %q", part)
			}
		}
	}
}

// TestDocsNameEverySetting checks that the configuration reference has every key and
// every environment variable that the program knows.
func TestDocsNameEverySetting(t *testing.T) {
	code := goSource(t, "cmd/internal/configfile")
	settings := regexp.MustCompile("`yaml:\"([a-z_]+)\"`|\"(EMANAGEMENT_[A-Z_]+)\"").FindAllStringSubmatch(code, -1)
	require.Greater(t, len(settings), 20)
	reference := readPage(t, "docs/install.md")
	for _, s := range settings {
		assert.True(t, strings.Contains(reference, "`"+s[1]+s[2]+"`"), "docs/install.md does not name %s", s[1]+s[2])
	}
}

// TestDocsNameEveryPermission compares the table of permissions with the text that
// grants them.
func TestDocsNameEveryPermission(t *testing.T) {
	var named []string
	for _, row := range tableRows(t, "docs/security.md", "| permission | for |") {
		if !strings.Contains(row[0], "mod_privilege") {
			named = append(named, strings.Trim(row[0], "`"))
		}
	}
	for _, text := range []string{testserver.Config, testserver.ConfigHTTP} {
		var config struct {
			Permissions map[string]struct{ What any } `yaml:"api_permissions"`
		}
		require.NoError(t, yaml.Unmarshal([]byte(text), &config))
		var granted []string
		for _, p := range config.Permissions {
			list, _ := p.What.([]any)
			for _, command := range list {
				granted = append(granted, command.(string))
			}
		}
		granted = slices.DeleteFunc(granted, func(c string) bool { return c == "delete_rosteritem" })
		assert.Equal(t, granted, named)
	}
}

// TestDocsNameEveryJSONField checks that docs/control.md has every field of the
// control socket's requests and answers.
func TestDocsNameEveryJSONField(t *testing.T) {
	code := goSource(t, "verb/wire") + goSource(t, "front/control")
	fields := regexp.MustCompile("`json:\"([a-z_]+)").FindAllStringSubmatch(code, -1)
	require.Greater(t, len(fields), 20)
	page := readPage(t, "docs/control.md")
	for _, f := range fields {
		assert.True(t, regexp.MustCompile("[`\"]"+f[1]+"[`\"]").MatchString(page), "docs/control.md does not name %s", f[1])
	}
}

// TestDocsUnit checks that the unit for systemd is shown as it is installed, and that
// systemd knows all its keys, if there is a systemd here.
func TestDocsUnit(t *testing.T) {
	unit := readPage(t, "docs/emanagement.service")
	blocks := blocksOf(t, "ini")
	require.Len(t, blocks, 1)
	assert.Equal(t, unit, blocks[0].text)

	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		return
	}
	// It wants the program and the user to be there.
	unit = regexp.MustCompile("(?m)^ExecStart=.*$").ReplaceAllString(unit, "ExecStart=/bin/true")
	unit = regexp.MustCompile("(?m)^User=.*$").ReplaceAllString(unit, "User=root")
	path := filepath.Join(t.TempDir(), "emanagement.service")
	require.NoError(t, os.WriteFile(path, []byte(unit), 0o644))
	out, err := exec.CommandContext(t.Context(), "systemd-analyze", "verify", path).CombinedOutput()
	require.NoError(t, err, string(out))
	assert.NotContains(t, string(out), path)
}

// TestDocsLogrotate checks that logrotate gets the file that the configuration names.
func TestDocsLogrotate(t *testing.T) {
	blocks := blocksOf(t, "conf")
	require.Len(t, blocks, 1)
	path, _, _ := strings.Cut(blocks[0].text, " {")
	assert.Contains(t, readPage(t, "docs/install.md"), "\naudit: "+path+" ")
}
