// Package testserver starts private ejabberd servers for the tests and the demo.
// They are real servers on free ports of 127.0.0.1. Each has its own folder and
// node name, so that several can run side by side. They leave nothing behind,
// even if the program that started them is killed.
package testserver

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

//go:embed supervise.sh
var superviseScript string

// erlangOptions make idle schedulers sleep, because many servers share the
// processors.
const erlangOptions = "+sbwt none +sbwtdcpu none +sbwtdio none"

// startTimeout limits how long a server, or the program, may take to start.
const startTimeout = 60 * time.Second

// Server is one private ejabberd. Its methods may be used concurrently, except
// Start, Stop, Close and Edit.
type Server struct {
	installation
	ports
	kind         Kind
	stock        bool                        // the configuration is based on Debian's own ejabberd.yml
	edit         func(config map[string]any) // changes the configuration; may be nil
	dir, outside string                      // its folder, as seen from inside and from outside the root
	inspection   *http.Client

	started  bool           // at least once
	exited   chan error     // receives the end of the running server; nil if none is running
	lifeline io.WriteCloser // the standard input of superviseScript; closing it kills the server
	log      lockedBuffer
}

// New prepares a server of the kind AdHoc, as Kind.New does.
func New(edit func(config map[string]any)) (*Server, error) {
	return AdHoc.New(edit)
}

// Kind returns the kind of the server.
func (s *Server) Kind() Kind { return s.kind }

// Edit writes the configuration again, with another edit than before. A running
// server needs a restart or a reload to use it.
func (s *Server) Edit(edit func(config map[string]any)) error {
	s.edit = edit
	var stock map[string]any
	if s.stock {
		var err error
		if stock, err = s.kind.Stock(); err != nil {
			return err
		}
	}
	yml, err := configuration(s.dir, s.kind, s.ports, stock, edit)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(s.outside, "ejabberd.yml"), yml, 0o644)
}

// configure chooses free ports and writes the configuration files.
func (s *Server) configure(edit func(config map[string]any)) error {
	ports := []*int{&s.c2s, &s.component, &s.tls, &s.other, &s.http, &s.api, &s.dist}
	for i := range s.ports.stock {
		ports = append(ports, &s.ports.stock[i])
	}
	if err := freePorts(ports...); err != nil {
		return err
	}
	if err := s.Edit(edit); err != nil {
		return err
	}
	cert, err := selfSignedCertificate()
	if err != nil {
		return err
	}
	files := map[string]string{
		certFile: cert,
		// With a fixed port on loopback, Erlang's distribution needs no epmd.
		"ejabberdctl.cfg": fmt.Sprintf("INET_DIST_INTERFACE=127.0.0.1\nERL_DIST_PORT=%d\nERL_OPTIONS=%q\n", s.dist, erlangOptions),
		"inetrc":          "{lookup,[\"file\",\"native\"]}.\n{host,{127,0,0,1},[\"localhost\"]}.\n",
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(s.outside, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// ClientAddr returns the address for clients, without TLS.
func (s *Server) ClientAddr() string { return addr(s.c2s) }

// ComponentAddr returns the address for Component, without TLS.
func (s *Server) ComponentAddr() string { return addr(s.component) }

// OtherAddr returns the address for OtherComponent.
func (s *Server) OtherAddr() string { return addr(s.other) }

// TLSAddr returns the address for Component with TLS, as a tls:// URL. The
// certificate is in CertFile.
func (s *Server) TLSAddr() string { return "tls://localhost:" + strconv.Itoa(s.tls) }

// TempDir makes a folder that Close removes, together with the server's folder.
func (s *Server) TempDir() (string, error) {
	dir, err := os.MkdirTemp(s.outside, "with-")
	if err == nil && s.cred != nil {
		err = os.Chown(dir, int(s.cred.Uid), int(s.cred.Gid)) // the server's account may have to remove it
	}
	return dir, err
}

// APIURL returns the URL of the server's API commands for the component. It
// works only on kinds with ConfigHTTP.
func (s *Server) APIURL() string { return "http://" + addr(s.api) + "/api/v3" }

// CertFile returns the path of the server's self-signed certificate and its
// key.
func (s *Server) CertFile() string { return filepath.Join(s.outside, certFile) }

// Path returns the path of a file in the server's folder, as seen from inside
// and from outside the server's root.
func (s *Server) Path(name string) (inside, outside string) {
	return s.dir + "/" + name, filepath.Join(s.outside, name)
}

// Start starts the server and waits until it accepts connections, for a minute
// at most. If another program has taken one of the ports, a first Start chooses
// new ones.
func (s *Server) Start(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	err := s.start(ctx)
	for tries := 0; err != nil && tries < 3 && s.resetAfterPortConflict(); tries++ {
		if err = s.configure(s.edit); err == nil {
			err = s.start(ctx)
		}
	}
	s.started = s.started || err == nil
	return err
}

// resetAfterPortConflict reports whether the server has ended because another
// program has taken one of its ports since configure found them free. If so, it
// resets the server to the state before Start. A server that was started before
// keeps its ports.
func (s *Server) resetAfterPortConflict() bool {
	if s.started || !strings.Contains(s.Log(), "address already in use") {
		return false
	}
	select {
	case <-s.exited:
	default:
		return false
	}
	s.exited = nil
	s.lifeline.Close()
	s.log.reset()
	// The database belongs to a node name that contains the old port.
	return os.RemoveAll(filepath.Join(s.outside, "spool")) == nil
}

func (s *Server) start(ctx context.Context) error {
	// Not bound to ctx, because the server runs until Stop or Close.
	cmd := s.command(context.Background(), "/bin/bash", append([]string{"-c", superviseScript, "supervise", s.ctl}, s.ctlArgs("foreground")...)...)
	cmd.Stdout, cmd.Stderr = &s.log, &s.log
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	s.lifeline = stdin
	before := len(s.log.String())
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("ejabberd: cannot be started: %w", err)
	}
	s.exited = make(chan error, 1)
	go func() { s.exited <- cmd.Wait() }() // received by Stop or Close
	if err := s.awaitStarted(ctx, before); err != nil {
		return fmt.Errorf("ejabberd: does not come up: %w; its log:\n%s", err, s.log.String())
	}
	return nil
}

// Stop stops the server as an administrator would, and keeps its data for the
// next Start. It waits for the end of the server.
func (s *Server) Stop(ctx context.Context) error {
	if _, err := s.Ctl(ctx, "stop"); err != nil {
		return err
	}
	err := <-s.exited
	s.exited = nil
	return err
}

// Kill kills the server by SIGKILL, and keeps its data for the next Start.
func (s *Server) Kill() error {
	if err := s.signal("KILL"); err != nil {
		return err
	}
	err := <-s.exited
	s.exited = nil
	return err
}

// Freeze stops the server's processes until Thaw: it neither answers nor notices
// anything.
func (s *Server) Freeze() error { return s.signal("STOP") }

// Thaw lets a frozen server go on.
func (s *Server) Thaw() error { return s.signal("CONT") }

func (s *Server) signal(name string) error {
	_, err := io.WriteString(s.lifeline, name+"\n")
	return err
}

// Close kills the server, if it runs, and removes its folder.
func (s *Server) Close() error {
	var err error
	if s.exited != nil {
		s.lifeline.Close() // it is closed already if the server ended by itself
		err = <-s.exited
		s.exited = nil
	}
	s.inspection.CloseIdleConnections()
	return errors.Join(err, os.RemoveAll(s.outside))
}

// Ctl runs ejabberdctl with these arguments and returns its output. It may be
// used concurrently.
func (s *Server) Ctl(ctx context.Context, args ...string) (string, error) {
	cmd := s.command(ctx, s.ctl, s.ctlArgs(args...)...)
	var out, diag bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &diag
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("ejabberdctl %s: %w: %s%s", strings.Join(args, " "), err, out.String(), diag.String())
	}
	return out.String(), nil
}

// Register creates an account. (It uses HTTP, because each ejabberdctl starts
// an Erlang of its own.)
func (s *Server) Register(ctx context.Context, user, host, password string) error {
	return s.API(ctx, "register", map[string]string{"user": user, "host": host, "password": password}, new(string))
}

// Log returns the output of the server so far.
func (s *Server) Log() string { return s.log.String() }

func (s *Server) ctlArgs(args ...string) []string {
	node := "em" + strconv.Itoa(s.dist) + "@localhost"
	return append([]string{"-n", node, "-s", s.dir + "/spool", "-l", s.dir + "/log", "-d", s.dir}, args...)
}

// command returns a command that runs as the server's account, in the server's
// root.
func (s *Server) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = s.dir
	cmd.Env = []string{"HOME=" + s.dir, "DIR=" + s.dir, "PATH=/usr/sbin:/usr/bin:/sbin:/bin:" + os.Getenv("PATH"), "LANG=C.UTF-8"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: s.root, Credential: s.cred}
	return cmd
}

func addr(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// The range of the servers' ports. It is below the ephemeral ports of the system,
// which connections take and release while the tests run.
const firstPort, lastPort = 12000, 32000

// freePorts finds a free port for each pointer. It holds all of them until the
// last one is found, so that they differ.
func freePorts(into ...*int) error {
	for _, p := range into {
		l, err := freePort()
		if err != nil {
			return err
		}
		defer l.Close()
		*p = l.Addr().(*net.TCPAddr).Port
	}
	return nil
}

func freePort() (l net.Listener, err error) {
	for range 100 {
		port := firstPort + rand.IntN(lastPort-firstPort)
		if l, err = net.Listen("tcp", addr(port)); err == nil {
			return l, nil
		}
	}
	return nil, err
}

// awaitStarted waits until the server reports its start in the log after the
// position before, or has ended. (Open ports prove nothing: the server opens
// them before the accounts and the modules are ready.)
func (s *Server) awaitStarted(ctx context.Context, before int) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !strings.Contains(s.log.String()[before:], " is started in the node ") {
		select {
		case <-tick.C:
		case end := <-s.exited:
			s.exited <- end
			return errors.New("it has ended")
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// lockedBuffer is a buffer that may be used concurrently: a process writes it
// while others read.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.buf.Reset()
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
