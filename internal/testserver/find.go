package testserver

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// The first ejabberd with mod_adhoc_api is 25.03.
const minYear, minMonth = 25, 3

// ErrMissing is the error if there is no ejabberd to start. Its text names the
// remedy.
var ErrMissing = errors.New("missing: run scripts/setup (as root on Debian)")

// installation is an ejabberd that can be started.
type installation struct {
	ctl  string // path of ejabberdctl, as seen inside root
	root string // root folder for chroot, "" for none
	// The account of the server's processes, nil for that of this process.
	cred *syscall.Credential
}

// findEjabberd looks for an ejabberd. With a version, it must be exactly that
// one, in the private root folder that scripts/setup makes. Without a version,
// a new enough ejabberd on the machine is preferred to the private one.
func findEjabberd(version string) (installation, error) {
	if version != "" {
		return findInPrivateRoot("ejabberd-"+version, fmt.Errorf("ejabberd %s: %w", version, ErrMissing))
	}
	if ctl, err := exec.LookPath("ejabberdctl"); err == nil && newEnough(installedVersion(ctl)) {
		p := installation{ctl: ctl}
		if os.Geteuid() == 0 {
			p.cred = credential("/etc/passwd")
		}
		return p, nil
	}
	return findInPrivateRoot("ejabberd-root", fmt.Errorf("ejabberd 25.03 or newer: %w, or install it so that ejabberdctl is on the PATH", ErrMissing))
}

// findInPrivateRoot returns the ejabberd in one of the folders that
// scripts/setup makes, or the error missing.
func findInPrivateRoot(folder string, missing error) (installation, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return installation{}, err
	}
	root := filepath.Join(cache, "emanagement", folder)
	const ctl = "/usr/sbin/ejabberdctl"
	if _, err := os.Stat(filepath.Join(root, ctl)); err != nil {
		return installation{}, missing
	}
	if os.Geteuid() != 0 {
		return installation{}, fmt.Errorf("ejabberd in %s: only root can start it (chroot)", root)
	}
	return installation{ctl: ctl, root: root, cred: credential(filepath.Join(root, "etc/passwd"))}, nil
}

// installedVersion returns the version of the ejabberd of an ejabberdctl, by
// the name of its library folder, as scripts/setup does. It returns "" if there
// is no such folder.
func installedVersion(ctl string) string {
	path, err := filepath.EvalSymlinks(ctl)
	if err != nil {
		return ""
	}
	prefix := filepath.Dir(filepath.Dir(path))
	for _, pattern := range []string{"lib/ejabberd-[0-9]*", "lib/*/ejabberd-[0-9]*"} {
		if found, _ := filepath.Glob(filepath.Join(prefix, pattern)); len(found) > 0 {
			_, version, _ := strings.Cut(filepath.Base(found[0]), "-")
			return version
		}
	}
	return ""
}

// newEnough reports whether a version is at least 25.03. Year and month may
// lack leading zeros.
func newEnough(version string) bool {
	var year, month int
	if _, err := fmt.Sscanf(version, "%d.%d", &year, &month); err != nil {
		return false
	}
	return year > minYear || year == minYear && month >= minMonth
}

// credential returns the account of ejabberd in a passwd file, nil if there is
// none.
func credential(passwd string) *syscall.Credential {
	text, err := os.ReadFile(passwd)
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(text)) {
		f := strings.Split(line, ":")
		if len(f) < 4 || f[0] != "ejabberd" {
			continue
		}
		uid, err1 := strconv.ParseUint(f[2], 10, 32)
		gid, err2 := strconv.ParseUint(f[3], 10, 32)
		if err1 == nil && err2 == nil {
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		}
	}
	return nil
}

// tempDir makes a folder inside the root that ejabberd may write to, and
// returns its path as seen from inside and from outside.
func (p installation) tempDir() (inside, outside string, err error) {
	outside, err = os.MkdirTemp(filepath.Join(p.root, "/tmp"), "em-")
	if err != nil {
		return "", "", err
	}
	if p.cred != nil {
		err = os.Chown(outside, int(p.cred.Uid), int(p.cred.Gid))
	}
	return strings.TrimPrefix(outside, p.root), outside, err
}
