package verb_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime"
	"sync"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
	"mellium.im/xmpp/jid"

	"emanagement/front/control"
	"emanagement/verb"
)

// processHoldings returns the ways in which a process can stand to a grant. number makes its
// user and groups.
func processHoldings(number int, role verb.Role, hosts []string) []holding {
	var all []holding
	for i, way := range []struct {
		name     string
		isHis    bool
		uid, gid bool // the grant is for id as a user, or as a group
		process  func(id, other uint32) verb.Process
	}{
		{"a user", true, true, false, func(id, other uint32) verb.Process { return verb.Process{UID: id, GIDs: []uint32{other}} }},
		{"a group", true, false, true, func(id, other uint32) verb.Process { return verb.Process{UID: other, GIDs: []uint32{id}} }},
		{"one of the groups", true, false, true, func(id, other uint32) verb.Process {
			return verb.Process{UID: other, GIDs: []uint32{other, other + 1, id}}
		}},
		{"another user", false, true, false, func(_, other uint32) verb.Process { return verb.Process{UID: other, GIDs: []uint32{other}} }},
		{"another group", false, false, true, func(_, other uint32) verb.Process { return verb.Process{UID: other, GIDs: []uint32{other}} }},
		{"a group of that number", false, true, false, func(id, other uint32) verb.Process { return verb.Process{UID: other, GIDs: []uint32{id}} }},
		{"a user of that number", false, false, true, func(id, other uint32) verb.Process { return verb.Process{UID: id, GIDs: []uint32{other}} }},
		{"an account", false, false, false, func(_, other uint32) verb.Process { return verb.Process{UID: other, GIDs: []uint32{other}} }},
	} {
		id := uint32(100_000 + 10*(number+i))
		h := holding{name: way.name, isHis: way.isHis, grant: verb.Grant{Role: role, Hosts: hosts}, process: way.process(id, id+1)}
		switch {
		case way.uid:
			h.grant.UID = &id
		case way.gid:
			h.grant.GID = &id
		default:
			h.grant.JID = jid.MustParse("u@a.example")
		}
		all = append(all, h)
	}
	return all
}

// byControl requests a verb over the control socket, from processes of other users.
func byControl(t *testing.T, v *verb.Verb) {
	if os.Getuid() != 0 {
		t.Skip("only root can act as other users")
	}
	w := newWays(v, processHoldings)
	listener := &pairListener{conns: make(chan net.Conn), closed: make(chan struct{})}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() {
		ended <- control.Serve(ctx, listener, w.namespace, func(context.Context) error { return nil }, slog.New(slog.DiscardHandler))
	}()
	for _, a := range w.attempts {
		body, err := json.Marshal(map[string]any{"arguments": a.values})
		require.NoError(t, err)
		client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(context.Context, string, string) (net.Conn, error) {
			return listener.dialAs(a.process)
		}}}
		answer, err := client.Post("http://control/verbs/"+v.Name, "application/json", bytes.NewReader(body))
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		want := http.StatusForbidden
		if mayRun(v, a.holding, a.arguments) {
			want = http.StatusOK
		}
		assert.Equal(t, want, answer.StatusCode, "%s: %s: %s with %v", v.Name, a.holding.name, a.arguments.name, a.grant)
	}
	stop()
	require.NoError(t, <-ended)
	w.check(t, func(a attempt) []string { return []string{a.process.String()} })
}

// pairListener accepts one end of each pair of sockets that dialAs makes.
type pairListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *pairListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pairListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (*pairListener) Addr() net.Addr { return &net.UnixAddr{Name: "pair", Net: "unix"} }

// dialAs connects to the listener as a process with another user and other groups.
func (l *pairListener) dialAs(p verb.Process) (net.Conn, error) {
	ends, err := socketsOf(p)
	if err != nil {
		return nil, err
	}
	l.conns <- ends[1]
	return ends[0], nil
}

// socketsOf returns a pair of sockets that the kernel regards as made by a process with that
// user and these groups.
func socketsOf(p verb.Process) (ends [2]net.Conn, err error) {
	var files [2]int
	made := make(chan error)
	go func() {
		// On Linux each thread has a user and groups. This one ends with the goroutine.
		runtime.LockOSThread()
		made <- errors.Join(become(p), func() (err error) {
			files, err = unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
			return err
		}())
	}()
	if err := <-made; err != nil {
		return ends, err
	}
	for i, fd := range files {
		f := os.NewFile(uintptr(fd), "pair")
		c, ferr := net.FileConn(f)
		ends[i], err = c, errors.Join(err, ferr, f.Close())
	}
	return ends, err
}

// become changes the user and the groups of the current thread. The functions of package
// syscall would change those of all threads.
func become(p verb.Process) error {
	primary, more := p.GIDs[0], p.GIDs[1:]
	var list unsafe.Pointer
	if len(more) > 0 {
		list = unsafe.Pointer(&more[0])
	}
	for _, call := range [][4]uintptr{
		{unix.SYS_SETGROUPS, uintptr(len(more)), uintptr(list)},
		{unix.SYS_SETRESGID, uintptr(primary), uintptr(primary), uintptr(primary)},
		{unix.SYS_SETRESUID, uintptr(p.UID), uintptr(p.UID), uintptr(p.UID)},
	} {
		if _, _, errno := unix.RawSyscall(call[0], call[1], call[2], call[3]); errno != 0 {
			return errno
		}
	}
	runtime.KeepAlive(more)
	return nil
}
