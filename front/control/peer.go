package control

import (
	"context"
	"errors"
	"fmt"
	"net"
	"unsafe"

	"golang.org/x/sys/unix"

	"emanagement/verb"
)

type peerKey struct{}

// withPeer adds a connection to a context, for peer.
func withPeer(ctx context.Context, c net.Conn) context.Context {
	if s, ok := c.(*served); ok {
		c = s.Conn
	}
	return context.WithValue(ctx, peerKey{}, c)
}

// peer returns the process that sent a request. The kernel has stored its user and groups
// when the process connected.
func peer(ctx context.Context) (verb.Process, error) {
	c, ok := ctx.Value(peerKey{}).(*net.UnixConn)
	if !ok {
		return verb.Process{}, errors.New("not a Unix socket")
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return verb.Process{}, err
	}
	var p verb.Process
	var failed error
	err = raw.Control(func(fd uintptr) { p, failed = credentials(int(fd)) })
	if err := errors.Join(err, failed); err != nil {
		return verb.Process{}, fmt.Errorf("the calling process: %w", err)
	}
	return p, nil
}

// credentials returns the process at the other end of a socket.
func credentials(socket int) (verb.Process, error) {
	cred, err := unix.GetsockoptUcred(socket, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return verb.Process{}, err
	}
	groups, err := groups(socket)
	return verb.Process{UID: cred.Uid, GIDs: append(groups, cred.Gid)}, err
}

// groups lists the supplementary groups of the process at the other end of a socket. The
// library has no function for that.
func groups(socket int) ([]uint32, error) {
	list := make([]uint32, 64)
	for {
		size := uint32(len(list)) * 4
		_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(socket), unix.SOL_SOCKET, unix.SO_PEERGROUPS,
			uintptr(unsafe.Pointer(&list[0])), uintptr(unsafe.Pointer(&size)), 0)
		switch errno {
		case 0:
			return list[:size/4], nil
		case unix.ERANGE: // size is the size that the list needs
			list = make([]uint32, size/4)
		default:
			return nil, errno
		}
	}
}
