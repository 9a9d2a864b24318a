package e2e_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// installation is one way through the pages, on one Debian with its stock ejabberd.yml.
type installation struct {
	debian string // its folder, as scripts/setup names it
	diff   string // in place of debian-backports.diff
	pages  []string
	api    bool // over HTTP, as docs/ejabberd-versions.md configures it
}

// TestDocsInstallation installs the component on a Debian of its own, by the commands
// and configurations of the pages, word for word. Only the host and the address of the
// repository are others, and there is no systemd.
func TestDocsInstallation(t *testing.T) {
	t.Parallel()
	built := t.TempDir()
	makeInstall(t, built)
	for name, i := range map[string]installation{
		"README":    {"ejabberd-root", "debian-backports.diff", []string{"README.md"}, false},
		"page":      {"ejabberd-root", "debian-backports.diff", []string{"docs/install.md", "docs/operations.md"}, false},
		"Debian 13": {"ejabberd-24.12", "debian-13.diff", []string{"docs/install.md"}, true},
		"Debian 12": {"ejabberd-23.01", "debian-12.diff", []string{"docs/install.md"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			outputs := i.run(t, built)
			assert.Empty(t, outputs["ejabberdctl reload_config"])
			assert.Contains(t, outputs["ejabberdctl register"], "successfully registered")
			assert.Equal(t, "Done\nfriend@localhost\tFriend\tboth\tnone\t\nDone\n", outputs["emanagement addBuddyToRoster"])
			if name == "page" {
				assert.Equal(t, "users: 2 read, 0 new\n", outputs["ejabberdctl process_rosteritems"])
			}
		})
	}
}

// makeInstall runs the documented make commands into a folder of its own.
func makeInstall(t *testing.T, folder string) {
	t.Helper()
	commands := regexp.MustCompile(`(?m)^ *(make build && make install)\b`).FindStringSubmatch(readPage(t, "docs/install.md"))
	require.NotNil(t, commands)
	c := exec.CommandContext(t.Context(), "sh", "-c", commands[1])
	c.Env = append(os.Environ(), "DESTDIR="+folder)
	out, err := c.CombinedOutput()
	require.NoErrorf(t, err, "%s", out)
}

// run goes through the pages, and returns the output of each block of commands by the
// first two words of the block's first command.
func (i installation) run(t *testing.T, built string) map[string]string {
	root := filepath.Join(t.TempDir(), "root")
	i.prepare(t, root, built)
	require.NoError(t, os.WriteFile(filepath.Join(root, "root/install.sh"), []byte(i.script(t)), 0o700))
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	out, err := inDebian(ctx, root)
	require.NotErrorIs(t, err, syscall.EPERM, "the test makes namespaces: run it as root with CAP_SYS_ADMIN")
	require.NoErrorf(t, err, "%s", out)
	outputs := make(map[string]string)
	for _, part := range strings.Split(out, "\n=== ")[1:] {
		command, output, _ := strings.Cut(part, "\n")
		outputs[command] = output
	}
	return outputs
}

// prepare copies the Debian, with the built programs and the pages in it.
func (i installation) prepare(t *testing.T, root, built string) {
	t.Helper()
	cache, err := os.UserCacheDir()
	require.NoError(t, err)
	debian := filepath.Join(cache, "emanagement", i.debian)
	if _, err := os.Stat(debian); err != nil && i.debian == "ejabberd-root" {
		t.Skip("the machine's own ejabberd is used here")
	}
	entries, err := os.ReadDir(debian)
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(filepath.Join(root, "tmp"), 0o755))
	var copied [][2]string
	for _, e := range entries {
		if e.Name() != "tmp" { // where other tests have servers
			copied = append(copied, [2]string{filepath.Join(debian, e.Name()), root})
		}
	}
	copied = append(copied, [2]string{built + "/.", root}, [2]string{"docs", filepath.Join(root, "root/emanagement/")})
	require.NoError(t, os.Chmod(filepath.Join(root, "tmp"), 0o777|os.ModeSticky))
	for _, c := range copied {
		require.NoError(t, os.MkdirAll(c[1], 0o755))
		out, err := exec.CommandContext(t.Context(), "cp", "-a", "--reflink=auto", c[0], c[1]).CombinedOutput()
		require.NoErrorf(t, err, "%s", out)
	}
	for name, text := range map[string]string{"git": outerGit, "systemctl": startUnit} {
		require.NoError(t, os.WriteFile(filepath.Join(root, "usr/local/bin", name), []byte(text), 0o755))
	}
}

// outerGit is a git for the copied Debian, which has none. It runs the machine's own git
// in a folder with the machine's programs, read-only, and the copied Debian as /tree.
const outerGit = `#!/bin/sh
exec chroot /outer sh -c 'cd "$1" && git "$2" "$3"' sh "/tree$PWD" "$1" "/tree$2"
`

// startUnit starts a unit as systemd does, as far as that unit says how.
const startUnit = `#!/bin/bash
if [ "$1" != enable ]; then exit; fi
of() { sed -n "s/^$1=//p" /etc/systemd/system/emanagement.service; }
user=$(of User)
install -d -o "$user" -g "$user" "/run/$(of RuntimeDirectory)" "/var/log/$(of LogsDirectory)"
install -d -o "$user" -g "$user" -m "$(of StateDirectoryMode)" "/var/lib/$(of StateDirectory)"
runuser -u "$user" -- $(of ExecStart) >>/root/serve.log 2>&1 &
`

// prologue makes the copied Debian what an installed one is, with ejabberd running.
const prologue = `set -em
cd /root/emanagement
chown -R ejabberd: /etc/ejabberd /var/log/ejabberd
install -d -o ejabberd /run/ejabberd
mkdir -p /etc/systemd/system
ejabberdctl start
ejabberdctl started
awaitReady() {
	for try in $(seq 300); do
		if grep -q 'msg=ready host=localhost' /root/serve.log; then return; fi
		sleep 0.1
	done
	cat /root/serve.log
	exit 1
}
`

// script is the blocks of the pages as one program.
func (i installation) script(t *testing.T) string {
	var script strings.Builder
	script.WriteString(prologue)
	for _, page := range i.pages {
		if page == "docs/operations.md" {
			script.WriteString("emanagement addBuddyToRoster admin@localhost friend@localhost '' '' both\n")
		}
		for _, b := range i.blocks(t, page) {
			first := strings.Join(strings.Fields(b.text)[:2], " ")
			fmt.Fprintf(&script, "printf '\\n=== %%s\\n' '%s'\n", first)
			script.WriteString(i.commands(b))
		}
	}
	return script.String()
}

// blocks returns a page's blocks with steps of the installation. The API of an old
// ejabberd is configured right after all else.
func (i installation) blocks(t *testing.T, page string) []codeBlock {
	var steps []codeBlock
	for _, b := range codeBlocks(t, page) {
		isConfig := b.lang == "yaml" && strings.HasPrefix(b.text, "# /etc/emanagement/")
		if isConfig || b.lang == "sh" && !regexp.MustCompile(`(?m)^(git|make) `).MatchString(b.text) {
			steps = append(steps, b)
		}
		if isConfig && i.api {
			versions := codeBlocks(t, "docs/ejabberd-versions.md")
			api := slices.IndexFunc(versions, func(b codeBlock) bool { return strings.HasPrefix(b.text, "api:") })
			require.GreaterOrEqual(t, api, 0)
			steps = append(steps, versions[api])
		}
	}
	return steps
}

// commands returns what a block has an administrator do.
func (i installation) commands(b codeBlock) string {
	if b.lang == "yaml" {
		return "cat >>/etc/emanagement/emanagement.yml <<'END'\n" + strings.ReplaceAll(b.text, "example.org", "localhost") + "END\n"
	}
	text := strings.NewReplacer("host=example.org", "host=localhost", "debian-backports.diff", i.diff).Replace(b.text)
	switch {
	case strings.Contains(text, "emanagement serve\n"):
		text = strings.TrimSuffix(text, "\n") + " >/root/serve.log 2>&1 &\nserving=$!\nawaitReady\n"
	case strings.Contains(text, "systemctl "):
		text = "if [ \"$serving\" ]; then kill -INT -- -$serving; wait $serving; fi\nrm -f /root/serve.log\n" + text + "awaitReady\n"
	}
	return text
}

// inDebian runs /root/install.sh in a root folder, with a network, processes and mounts
// of its own, so that it can use the ports of a stock server, and leaves nothing running.
func inDebian(ctx context.Context, root string) (out string, err error) {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		leave, nerr := ownNetwork()
		if err = nerr; err != nil {
			return
		}
		defer leave()
		c := exec.CommandContext(ctx, "bash", "-ec", `mount -t proc proc "$1/proc"
mkdir -p "$1/outer/tree"
for folder in usr bin lib lib64 dev; do
	mkdir "$1/outer/$folder"
	mount -o bind,ro "/$folder" "$1/outer/$folder"
done
mount --bind "$1" "$1/outer/tree"
exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 chroot "$1" bash /root/install.sh`, "bash", root)
		c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWPID, Unshareflags: unix.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
		text, rerr := c.CombinedOutput()
		out, err = string(text), rerr
	}()
	<-ended
	return out, err
}

// ownNetwork moves the calling goroutine's thread into a network of its own, until leave
// is called. The thread must not end: Linux would end the programs that it has started
// for other tests (PR_SET_PDEATHSIG).
func ownNetwork() (leave func(), err error) {
	runtime.LockOSThread()
	usual, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		runtime.UnlockOSThread()
		return nil, err
	}
	leave = func() {
		defer unix.Close(usual)
		if unix.Setns(usual, unix.CLONE_NEWNET) == nil { // else the thread ends with the goroutine
			runtime.UnlockOSThread()
		}
	}
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		leave()
		return nil, err
	}
	if err := loopbackUp(); err != nil {
		leave()
		return nil, err
	}
	return leave, nil
}

// loopbackUp makes the loopback interface of the thread's network usable.
func loopbackUp() error {
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(s)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	lo.SetUint16(unix.IFF_UP)
	return unix.IoctlIfreq(s, unix.SIOCSIFFLAGS, lo)
}
