package control

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"emanagement/oserror"
)

// mode lets the component's user and the socket's group connect. The grants decide which verbs
// they may run.
const mode = 0o660

// TakenError says that another process listens on the socket.
type TakenError struct {
	Path string
	PID  int // 0 if it is unknown
}

func (e *TakenError) Error() string {
	return fmt.Sprintf("%s: another emanagement (process %d) listens there; stop that one first", e.Path, e.PID)
}

// Listen creates the control socket and listens on it. The socket belongs to a group, or to the
// group of the process if group is 0. Listen replaces a socket that no process listens on:
// a program that was killed has left it behind. If a process listens on it, the error is a
// *TakenError. Every error names the path.
func Listen(ctx context.Context, path string, group int) (net.Listener, error) {
	if err := clear(ctx, path); err != nil {
		return nil, err
	}
	conf := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		// The mode is set before the socket has a name, so that no other user can ever
		// connect.
		var failed error
		err := c.Control(func(fd uintptr) { failed = syscall.Fchmod(int(fd), mode) })
		return errors.Join(err, failed)
	}}
	l, err := conf.Listen(ctx, "unix", path)
	if err != nil {
		return nil, oserror.File(path, oserror.Cause(err))
	}
	s := socket{l.(*net.UnixListener), path, nil}
	s.SetUnlinkOnClose(false)
	// The umask may have cleared some of the bits.
	err = os.Chmod(path, mode)
	why := ""
	if err == nil && group > 0 {
		if err = os.Chown(path, -1, group); errors.Is(err, fs.ErrPermission) {
			why = fmt.Sprintf("; for control_group, this user must be a member of group %d: usermod -aG, then restart emanagement", group)
		}
	}
	if err == nil {
		s.made, err = os.Lstat(path)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w%s", path, oserror.Cause(err), why), l.Close(), os.Remove(path))
	}
	return s, nil
}

// socket is a listener that removes its socket when it is closed. It does not remove a socket
// that another process has created at the same path in the meantime.
type socket struct {
	*net.UnixListener
	path string
	made fs.FileInfo
}

// Close implements net.Listener.
func (s socket) Close() error {
	err := s.UnixListener.Close()
	if there, serr := os.Lstat(s.path); err == nil && serr == nil && os.SameFile(s.made, there) {
		err = os.Remove(s.path)
	}
	return err
}

// clear removes a socket that no process listens on.
func clear(ctx context.Context, path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return oserror.File(path, err)
	}
	if info.Mode().Type() != fs.ModeSocket {
		return fmt.Errorf("%s: a file that is not a socket is there; move it away, or configure another path", path)
	}
	conn, err := new(net.Dialer).DialContext(ctx, "unix", path)
	if err == nil {
		defer conn.Close() // nothing was sent
		return &TakenError{path, listenerOf(conn.(*net.UnixConn))}
	}
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w; another emanagement may run as that user; stop that one first", oserror.File(path, oserror.Cause(err)))
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return oserror.File(path, oserror.Cause(err))
	}
	if err := os.Remove(path); err != nil {
		return oserror.File(path, err)
	}
	return nil
}

// listenerOf returns the process at the other end of a connection, or 0 if it is unknown.
func listenerOf(conn *net.UnixConn) (pid int) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0
	}
	_ = raw.Control(func(fd uintptr) {
		if peer, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); err == nil {
			pid = int(peer.Pid)
		}
	})
	return pid
}
