package emanagement_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// floors are the folders of the module from top to bottom. A package imports
// packages of its own floor or of floors below it. docs/architecture.md draws
// them.
var floors = [][]string{
	{"e2e", "internal/demo"},
	{"cmd"},
	{"internal"},
	{"front"},
	{"verb"},
	{"rostersync"},
	{"audit", "store"},
	{"server", "rostersync/plan"},
	{"rosterpush", "presence", "message", "room", "rostersync/graph"},
	{"component"},
	{"fault", "oserror"},
	{"xmpp"},
}

// TestImportsRunDown: no package imports one that stands above it, and two
// folders of one floor do not import each other.
func TestImportsRunDown(t *testing.T) {
	for _, p := range packages(t) {
		above, folder := floorOf(t, p.ImportPath)
		for _, imported := range p.Imports {
			if !strings.HasPrefix(imported, "emanagement/") {
				continue
			}
			below, other := floorOf(t, imported)
			if folder != other {
				assert.Greater(t, below, above, "%s imports %s", p.ImportPath, imported)
			}
		}
	}
}

// TestManagedPackagesKnowNoStanzas: what is managed knows neither stanzas nor the stream.
func TestManagedPackagesKnowNoStanzas(t *testing.T) {
	for _, p := range packages(t) {
		if strings.HasPrefix(p.ImportPath, "emanagement/rosterpush") || slices.Contains([]string{"emanagement/presence", "emanagement/message", "emanagement/room"}, p.ImportPath) {
			for _, imported := range p.Imports {
				assert.False(t, strings.HasPrefix(imported, "mellium.im/") && imported != "mellium.im/xmpp/jid", "%s imports %s", p.ImportPath, imported)
			}
		}
	}
}

// TestArchitectureNamesPackages: docs/architecture.md has a row for each package, and
// none for another.
func TestArchitectureNamesPackages(t *testing.T) {
	text, err := os.ReadFile("docs/architecture.md")
	require.NoError(t, err)
	_, table, found := strings.Cut(string(text), "| package | what it is for |\n|---|---|\n")
	require.True(t, found)
	table, _, _ = strings.Cut(table, "\n\n")
	var named, there []string
	for row := range strings.Lines(table) {
		for i, cell := range strings.Split(strings.Split(row, "|")[1], "`") {
			if i%2 == 1 {
				named = append(named, "emanagement/"+cell)
			}
		}
	}
	for _, p := range packages(t) {
		there = append(there, p.ImportPath)
	}
	assert.ElementsMatch(t, there, named)
}

type goPackage struct {
	ImportPath string
	Imports    []string
}

// packages lists the packages of the module with what their code, tests left
// out, imports.
func packages(t *testing.T) (list []goPackage) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports", "./...").Output()
	require.NoError(t, err)
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			return slices.DeleteFunc(list, func(p goPackage) bool { return p.ImportPath == "emanagement" })
		}
		require.NoError(t, err)
		list = append(list, p)
	}
}

// floorOf returns the number of a package's floor, counted from the top, and the
// folder of that floor in which the package is.
func floorOf(t *testing.T, path string) (floor int, folder string) {
	path = strings.TrimPrefix(path, "emanagement/")
	best := ""
	for number, folders := range floors {
		for _, f := range folders {
			if (path == f || strings.HasPrefix(path, f+"/")) && len(f) > len(best) {
				floor, best = number, f
			}
		}
	}
	require.NotEmpty(t, best, "%s: stands on no floor", path)
	return floor, best
}
