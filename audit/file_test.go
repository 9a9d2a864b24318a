package audit_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/audit"
)

func readFile(t *testing.T, path string) string {
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}

func TestFileIsAppendedTo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	for _, msg := range []string{"one", "two"} {
		log, flush, err := audit.Open(path, slog.New(slog.DiscardHandler))
		require.NoError(t, err)
		log.Info("item")
		log.Info(msg)
		log.With("run", 1).WithGroup("g").Info("item")
		flush()
	}
	var messages []string
	for _, i := range decode(t, readFile(t, path)) {
		messages = append(messages, i.Msg)
	}
	assert.Equal(t, []string{"item", "one", "item", "item", "two", "item"}, messages)
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Zero(t, info.Mode().Perm()&^0o640, "%o", info.Mode().Perm())
}

func TestFileThatCannotBeOpened(t *testing.T) {
	dir := t.TempDir()
	for path, why := range map[string]string{
		dir:                                 "is a directory",
		filepath.Join(dir, "no", "such"):    "no such file or directory",
		filepath.Join(dir, "file", "below"): "not a directory",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o600))
		_, _, err := audit.Open(path, slog.New(slog.DiscardHandler))
		assert.ErrorContains(t, err, "audit: "+path+": "+why)
	}
}

// TestRotation moves the file away repeatedly while lines are written. Each line is in
// one of the files.
func TestRotation(t *testing.T) {
	const writers, lines, rotations = 4, 200, 50
	dir := t.TempDir()
	path := filepath.Join(dir, "audit.log")
	var fallback bytes.Buffer
	log, flush, err := audit.Open(path, slog.New(slog.NewTextHandler(&fallback, nil)))
	require.NoError(t, err)

	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for l := range lines {
				log.Info([]string{"item", "item", "done"}[l%3], "run", w*lines+l)
			}
		})
	}
	for n := range rotations {
		if err := os.Rename(path, fmt.Sprintf("%s.%d", path, n)); err != nil {
			require.ErrorIs(t, err, os.ErrNotExist) // nothing was written meanwhile
		}
	}
	all.Wait()
	flush()

	files, err := filepath.Glob(path + "*")
	require.NoError(t, err)
	seen := make(map[int]int)
	for _, f := range files {
		for _, i := range decode(t, readFile(t, f)) {
			seen[i.Run]++
		}
	}
	assert.Len(t, seen, writers*lines)
	for run, n := range seen {
		assert.Equal(t, 1, n, run)
	}
	assert.Empty(t, fallback.String())
}

// TestHeldLines: lines about items wait for the line about their run, but not for long.
func TestHeldLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "audit.log")
		log, _, err := audit.Open(path, slog.New(slog.DiscardHandler))
		require.NoError(t, err)
		count := func() int { return strings.Count(readFile(t, path), "\n") }
		log.Info("item")
		log.Info("item")
		assert.Zero(t, count())
		log.Info("done")
		assert.Equal(t, 3, count())
		log.Info("item")
		time.Sleep(time.Second)
		assert.Equal(t, 4, count(), "without another line")
		log.Info("item", "name", strings.Repeat("n", 1<<20))
		assert.Equal(t, 5, count())
	})
}

// TestNoLineIsLost: a line that cannot be written to the file goes to the log.
func TestNoLineIsLost(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "folder")
	require.NoError(t, os.Mkdir(dir, 0o700))
	path := filepath.Join(dir, "audit.log")
	var fallback bytes.Buffer
	log, _, err := audit.Open(path, slog.New(slog.NewTextHandler(&fallback, nil)))
	require.NoError(t, err)
	require.NoError(t, os.RemoveAll(dir))

	log.Info("item", "run", 7)
	log.Info("done", "run", 7)
	require.Equal(t, 1, strings.Count(fallback.String(), "\n"))
	for _, w := range words(t, strings.TrimSuffix(fallback.String(), "\n")) {
		switch w.key {
		case "why":
			assert.Contains(t, w.value, path+": no such file or directory; its folder "+dir+" is missing")
		case "lines":
			assert.Equal(t, []item{{Run: 7, Level: "INFO", Msg: "item"}, {Run: 7, Level: "INFO", Msg: "done"}}, decode(t, w.value))
		}
	}
}
