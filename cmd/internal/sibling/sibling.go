// Package sibling starts one program of emanagement from another.
package sibling

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// Exec replaces this process by the program name, which must be in this program's folder or
// on the PATH. It passes args and the environment on. It returns only if it fails.
func Exec(name string, args []string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	path := filepath.Join(filepath.Dir(self), name)
	if _, err := os.Stat(path); err != nil {
		if path, err = exec.LookPath(name); err != nil {
			return fmt.Errorf("this command needs %s, which is neither in %s nor on the PATH", name, filepath.Dir(self))
		}
	}
	return syscall.Exec(path, append([]string{"emanagement"}, args...), os.Environ())
}
