// Package sibling starts one program of emanagement from another.
package sibling

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// Exec replaces this program by another one, which stands beside it or on the PATH. It
// returns only if that fails.
func Exec(name string, args []string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	path := filepath.Join(filepath.Dir(self), name)
	if _, err := os.Stat(path); err != nil {
		if path, err = exec.LookPath(name); err != nil {
			return fmt.Errorf("this takes %s, which is neither in %s nor on the PATH", name, filepath.Dir(self))
		}
	}
	return syscall.Exec(path, append([]string{"emanagement"}, args...), os.Environ())
}
