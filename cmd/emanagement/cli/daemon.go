package cli

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// startDaemon replaces this program by emanagementd, which stands beside it or on the
// PATH. It returns only if that fails.
func startDaemon(args []string) error {
	const name = "emanagementd"
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
