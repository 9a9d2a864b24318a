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
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, cause(err))
	}
	// The umask may have taken something away.
	if err := os.Chmod(path, mode); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, cause(err)), l.Close())
	}
	return l, nil
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
