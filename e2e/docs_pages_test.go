package e2e_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// codeBlock is a fenced block of a page, without its indentation.
type codeBlock struct {
	page string
	line int // of the fence that opens it
	lang string
	text string
}

// handWrittenPages returns the pages at the top and those of docs that are not generated.
func handWrittenPages(t *testing.T) []string {
	t.Helper()
	pages, err := filepath.Glob("docs/*.md")
	require.NoError(t, err)
	require.NotEmpty(t, pages)
	pages = slices.DeleteFunc(pages, func(p string) bool { return p == "docs/verbs.md" })
	return append([]string{"README.md", "SECURITY.md"}, pages...)
}

func readPage(t *testing.T, page string) string {
	t.Helper()
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	return string(text)
}

var fence = regexp.MustCompile("^( *)```([a-z]*)$")

// codeBlocks returns the fenced blocks of a page in their order.
func codeBlocks(t *testing.T, page string) []codeBlock {
	t.Helper()
	var blocks []codeBlock
	open, indent := false, ""
	for i, line := range strings.Split(readPage(t, page), "\n") {
		f := fence.FindStringSubmatch(line)
		switch {
		case f != nil && !open:
			open, indent = true, f[1]
			blocks = append(blocks, codeBlock{page: page, line: i + 1, lang: f[2]})
		case f != nil:
			open = false
		case open:
			blocks[len(blocks)-1].text += strings.TrimPrefix(line, indent) + "\n"
		}
	}
	require.False(t, open, "%s: a block is not closed", page)
	return blocks
}

// blocksOf returns the blocks of one language in all pages.
func blocksOf(t *testing.T, lang string) []codeBlock {
	t.Helper()
	var blocks []codeBlock
	for _, page := range handWrittenPages(t) {
		for _, b := range codeBlocks(t, page) {
			if b.lang == lang {
				blocks = append(blocks, b)
			}
		}
	}
	require.NotEmpty(t, blocks, lang)
	return blocks
}

// TestDocsBlocksAreTested checks that every block has a language whose blocks a test
// uses. A block of text is output, or what a client's user types.
func TestDocsBlocksAreTested(t *testing.T) {
	used := map[string]string{
		"":        "none",
		"chat":    "TestDocsExamples",
		"conf":    "TestDocsLogrotate",
		"console": "TestDocsExamples",
		"go":      "TestAddingAVerb",
		"ini":     "TestDocsUnit",
		"json":    "TestDocsExamples",
		"ruby":    "TestDocsExamples",
		"sh":      "TestDocsExamples or TestDocsInstallation",
		"text":    "none",
		"xml":     "TestDocsExamples",
		"yaml":    "TestDocsConfigurations or TestDocsShowTheConfiguration",
	}
	for _, page := range handWrittenPages(t) {
		for _, b := range codeBlocks(t, page) {
			assert.Contains(t, used, b.lang, "%s:%d: no test uses blocks of this language", b.page, b.line)
			assert.False(t, used[b.lang] == "none" && regexp.MustCompile(`(?m)^(\$ )?(emanagement|ejabberdctl|systemctl|make) `).MatchString(b.text), "%s:%d: a command that no test runs", b.page, b.line)
		}
	}
}

// TestReadmeIsShort: the details are in docs.
func TestReadmeIsShort(t *testing.T) {
	assert.LessOrEqual(t, strings.Count(readPage(t, "README.md"), "\n"), 250)
}

// TestReadmeTargets checks that the Makefile has the targets that README.md names.
func TestReadmeTargets(t *testing.T) {
	makefile := readPage(t, "Makefile")
	targets := regexp.MustCompile("(?m)^(?:   )?make ([a-z]+)").FindAllStringSubmatch(readPage(t, "README.md"), -1)
	require.NotEmpty(t, targets)
	for _, target := range targets {
		assert.True(t, strings.Contains(makefile, "\n"+target[1]+":"), "the Makefile has no target %s", target[1])
	}
}

var (
	codeSpan = regexp.MustCompile("`[^`]*`")
	mdLink   = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading  = regexp.MustCompile(`^#+ (.*)$`)
)

// TestLinks checks that every relative link points to a file, and its anchor to a
// heading of that file.
func TestLinks(t *testing.T) {
	pages := append(handWrittenPages(t), "docs/verbs.md", "CHANGELOG.md", "clients/ruby/README.md")
	links := 0
	for _, page := range pages {
		for number, line := range proseLines(t, page) {
			for _, link := range mdLink.FindAllStringSubmatch(line, -1) {
				if strings.Contains(link[1], "://") {
					continue
				}
				links++
				path, anchor, _ := strings.Cut(link[1], "#")
				target := filepath.Join(filepath.Dir(page), path)
				if path == "" {
					target = page
				}
				_, err := os.Stat(target)
				if assert.NoError(t, err, "%s:%d: %s", page, number+1, link[1]) && anchor != "" {
					assert.Contains(t, anchors(t, target), anchor, "%s:%d: %s", page, number+1, link[1])
				}
			}
		}
	}
	assert.Greater(t, links, 50)
}

// proseLines returns a page's lines. Those in fenced blocks are empty, and so are
// code spans that are not the text of a link.
func proseLines(t *testing.T, page string) []string {
	t.Helper()
	lines := strings.Split(readPage(t, page), "\n")
	open := false
	for i, line := range lines {
		isFence := strings.HasPrefix(strings.TrimSpace(line), "```")
		if isFence {
			open = !open
		}
		if open || isFence {
			lines[i] = ""
		}
	}
	return lines
}

// anchors returns the anchors of a page's headings, as GitHub makes them.
func anchors(t *testing.T, page string) []string {
	t.Helper()
	var made []string
	for _, line := range proseLines(t, page) {
		h := heading.FindStringSubmatch(line)
		if h == nil {
			continue
		}
		text := regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`).ReplaceAllString(h[1], "$1")
		text = regexp.MustCompile(`[^\p{L}\p{N}_\- ]`).ReplaceAllString(strings.ToLower(text), "")
		made = append(made, strings.ReplaceAll(text, " ", "-"))
	}
	return made
}
