package control_test

import (
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/front/control"
)

// TestListen checks that only the user and the group may connect, and that only a socket that
// no process listens on is replaced.
func TestListen(t *testing.T) {
	path := func(t *testing.T) string { return filepath.Join(t.TempDir(), "control.sock") }
	t.Run("mode", func(t *testing.T) {
		p := path(t)
		l, err := control.Listen(t.Context(), p, 0)
		require.NoError(t, err)
		info, err := os.Stat(p)
		require.NoError(t, err)
		assert.Equal(t, fs.ModeSocket|0o660, info.Mode())
		require.NoError(t, l.Close())
		_, err = os.Stat(p)
		assert.ErrorIs(t, err, fs.ErrNotExist)
	})
	t.Run("left behind", func(t *testing.T) {
		p := path(t)
		old, err := net.Listen("unix", p)
		require.NoError(t, err)
		old.(*net.UnixListener).SetUnlinkOnClose(false)
		require.NoError(t, old.Close())
		l, err := control.Listen(t.Context(), p, 0)
		require.NoError(t, err)
		conn, err := net.Dial("unix", p)
		require.NoError(t, err)
		require.NoError(t, conn.Close())
		require.NoError(t, l.Close())
	})
	t.Run("another's in the end", func(t *testing.T) {
		p := path(t)
		first, err := control.Listen(t.Context(), p, 0)
		require.NoError(t, err)
		require.NoError(t, os.Remove(p))
		second, err := control.Listen(t.Context(), p, 0)
		require.NoError(t, err)
		require.NoError(t, first.Close())
		conn, err := net.Dial("unix", p)
		require.NoError(t, err, "the second socket stays")
		require.NoError(t, conn.Close())
		require.NoError(t, second.Close())
	})
	t.Run("in use", func(t *testing.T) {
		p := path(t)
		first, err := control.Listen(t.Context(), p, 0)
		require.NoError(t, err)
		defer first.Close()
		_, err = control.Listen(t.Context(), p, 0)
		assert.EqualError(t, err, fmt.Sprintf("%s: another emanagement (process %d) listens there; stop that one first", p, os.Getpid()))
		conn, err := net.Dial("unix", p)
		require.NoError(t, err, "the first socket stays")
		require.NoError(t, conn.Close())
	})
	t.Run("a file", func(t *testing.T) {
		p := path(t)
		require.NoError(t, os.WriteFile(p, []byte("mine"), 0o600))
		_, err := control.Listen(t.Context(), p, 0)
		assert.EqualError(t, err, p+": a file that is not a socket is there; move it away, or configure another path")
		text, err := os.ReadFile(p)
		require.NoError(t, err)
		assert.Equal(t, "mine", string(text))
	})
	t.Run("no folder", func(t *testing.T) {
		p := filepath.Join(t.TempDir(), "missing", "control.sock")
		_, err := control.Listen(t.Context(), p, 0)
		assert.ErrorContains(t, err, p+": no such file or directory; its folder "+filepath.Dir(p)+" is missing: install -d -o ")
		assert.ErrorIs(t, err, syscall.ENOENT)
	})
}
