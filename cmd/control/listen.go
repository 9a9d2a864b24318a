package control

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"syscall"
)

// mode lets the component's own user and group call; who of these may run
// what is another matter.
const mode = 0o660

// Listen makes the control socket. One that a program left behind when it was
// killed is replaced, one that is listened at is not. The error names the path.
func Listen(ctx context.Context, path string) (net.Listener, error) {
	if err := clear(ctx, path); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	conf := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		// Before it has a name, so that there is no moment in which it is
		// anybody's.
		var failed error
		err := c.Control(func(fd uintptr) { failed = syscall.Fchmod(int(fd), mode) })
		return errors.Join(err, failed)
	}}
	l, err := conf.Listen(ctx, "unix", path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: its folder is missing: %w", path, cause(err))
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, cause(err))
	}
	s := socket{l.(*net.UnixListener), path, nil}
	s.SetUnlinkOnClose(false)
	// The umask may have taken something away.
	err = os.Chmod(path, mode)
	if err == nil {
		s.made, err = os.Lstat(path)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, cause(err)), l.Close())
	}
	return s, nil
}

// socket is a listener that removes its socket in the end, and none that
// another has made at its path meanwhile.
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

// clear removes a socket that nobody listens at.
func clear(ctx context.Context, path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return cause(err)
	}
	if info.Mode().Type() != fs.ModeSocket {
		return errors.New("something else than a socket is there")
	}
	conn, err := new(net.Dialer).DialContext(ctx, "unix", path)
	if err == nil {
		conn.Close() // nothing was said on it
		return errors.New("another emanagement listens there")
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return cause(err)
	}
	return os.Remove(path)
}

// cause is an error of the system without what was done to which file.
func cause(err error) error {
	if e, ok := errors.AsType[syscall.Errno](err); ok {
		return e
	}
	return err
}
