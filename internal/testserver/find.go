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

// ErrMissing says that there is no ejabberd to start, and what to do.
var ErrMissing = errors.New("missing: run scripts/setup (as root on Debian)")

// program is an ejabberd that can be started.
type program struct {
	ctl  string // path of ejabberdctl, as seen inside root
	root string // root folder to change into, "" for none
	cred *syscall.Credential
}

// find looks for an ejabberd of exactly that version in the private root folder
// that scripts/setup makes; without a version, for one that is new enough, on
// the machine first.
func find(version string) (program, error) {
	if version != "" {
		return private("ejabberd-"+version, fmt.Errorf("ejabberd %s: %w", version, ErrMissing))
	}
	if ctl, err := exec.LookPath("ejabberdctl"); err == nil && newEnough(installedVersion(ctl)) {
		p := program{ctl: ctl}
		if os.Geteuid() == 0 {
			p.cred = credential("/etc/passwd")
		}
		return p, nil
	}
	return private("ejabberd-root", fmt.Errorf("ejabberd 25.03 or newer: %w, or install it so that ejabberdctl is on the PATH", ErrMissing))
}

// private is the ejabberd in one of the folders that scripts/setup makes.
func private(folder string, missing error) (program, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return program{}, err
	}
	root := filepath.Join(cache, "emanagement", folder)
	const ctl = "/usr/sbin/ejabberdctl"
	if _, err := os.Stat(filepath.Join(root, ctl)); err != nil {
		return program{}, missing
	}
	if os.Geteuid() != 0 {
		return program{}, fmt.Errorf("ejabberd in %s: only root can start it (chroot)", root)
	}
	return program{ctl: ctl, root: root, cred: credential(filepath.Join(root, "etc/passwd"))}, nil
}

// installedVersion tells the version of the ejabberd that an ejabberdctl
// belongs to by its library folder, as scripts/setup does; "" where there is
// none.
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

// newEnough compares a year and a month, which may be written without leading
// zeros.
func newEnough(version string) bool {
	var year, month int
	if _, err := fmt.Sscanf(version, "%d.%d", &year, &month); err != nil {
		return false
	}
	return year > minYear || year == minYear && month >= minMonth
}

// credential is the account ejabberd runs under, nil where there is none.
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
// returns its path as seen inside and outside.
func (p program) tempDir() (inside, outside string, err error) {
	outside, err = os.MkdirTemp(filepath.Join(p.root, "/tmp"), "em-")
	if err != nil {
		return "", "", err
	}
	if p.cred != nil {
		err = os.Chown(outside, int(p.cred.Uid), int(p.cred.Gid))
	}
	return strings.TrimPrefix(outside, p.root), outside, err
}
