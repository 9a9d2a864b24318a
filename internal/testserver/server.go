// Package testserver starts private ejabberd servers for the tests and the
// demo: real ones, on free ports of 127.0.0.1, each with a folder and a node
// name of its own, so that several can run side by side. Nothing is left
// behind, not even when the program that started them is killed.
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
var supervise string

// erlang has the schedulers sleep where there is nothing to do: many servers
// share the processors.
const erlang = "+sbwt none +sbwtdcpu none +sbwtdio none"

// startTimeout bounds how long a server may take to come up.
const startTimeout = 60 * time.Second

// Server is one private ejabberd. Its methods may be used by many goroutines
// at once, except Start, Stop and Close.
type Server struct {
	program
	ports
	kind         Kind
	stock        bool                        // its configuration is made of Debian's own
	edit         func(config map[string]any) // of the configuration; may be nil
	dir, outside string                      // its folder, as seen inside and outside the root
	looking      *http.Client

	started  bool       // at least once
	exited   chan error // receives the end of the running server, nil when none runs
	lifeline io.Closer
	log      lockedBuffer
}

// New prepares a server of the kind AdHoc.
func New(edit func(config map[string]any)) (*Server, error) {
	return AdHoc.New(edit)
}

// Kind is the server's.
func (s *Server) Kind() Kind { return s.kind }

// Edit writes the configuration anew, with another edit than before. A server
// that runs takes it when it is started again.
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

// configure takes free ports and writes the configuration files.
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
	cert, err := certificate()
	if err != nil {
		return err
	}
	files := map[string]string{
		certFile: cert,
		// A fixed port for Erlang's distribution, on loopback, needs no epmd.
		"ejabberdctl.cfg": fmt.Sprintf("INET_DIST_INTERFACE=127.0.0.1\nERL_DIST_PORT=%d\nERL_OPTIONS=%q\n", s.dist, erlang),
		"inetrc":          "{lookup,[\"file\",\"native\"]}.\n{host,{127,0,0,1},[\"localhost\"]}.\n",
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(s.outside, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// ClientAddr is where clients connect, without TLS.
func (s *Server) ClientAddr() string { return addr(s.c2s) }

// ComponentAddr is where Component connects.
func (s *Server) ComponentAddr() string { return addr(s.component) }

// OtherAddr is where OtherComponent connects.
func (s *Server) OtherAddr() string { return addr(s.other) }

// TLSAddr is where Component connects by TLS, with the certificate in
// CertFile.
func (s *Server) TLSAddr() string { return "tls://localhost:" + strconv.Itoa(s.tls) }

// TempDir makes a folder that is removed with the server.
func (s *Server) TempDir() (string, error) {
	dir, err := os.MkdirTemp(s.outside, "with-")
	if err == nil && s.cred != nil {
		err = os.Chown(dir, int(s.cred.Uid), int(s.cred.Gid)) // who removes it
	}
	return dir, err
}

// APIURL is where the component reaches the server's API commands over HTTP,
// where the server's kind offers that.
func (s *Server) APIURL() string { return "http://" + addr(s.api) + "/api/v3" }

// CertFile is the server's self-made certificate.
func (s *Server) CertFile() string { return filepath.Join(s.outside, certFile) }

// Path is where a file in the server's folder lies, as the server sees it and
// as others do.
func (s *Server) Path(name string) (inside, outside string) {
	return s.dir + "/" + name, filepath.Join(s.outside, name)
}

// Start starts the server and waits until it accepts connections.
func (s *Server) Start(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	err := s.start(ctx)
	for tries := 0; err != nil && tries < 3 && s.lostPort(); tries++ {
		if err = s.configure(s.edit); err == nil {
			err = s.start(ctx)
		}
	}
	s.started = s.started || err == nil
	return err
}

// lostPort says whether the server has ended because somebody else had taken
// one of its ports since they were found free, and makes it as if it had never
// been started. Once it has been, it keeps its ports.
func (s *Server) lostPort() bool {
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
	// What is in there is for a node of another name, which has the port in it.
	return os.RemoveAll(filepath.Join(s.outside, "spool")) == nil
}

func (s *Server) start(ctx context.Context) error {
	// Not bound to ctx: the server lives until Stop or Close.
	cmd := s.command(context.Background(), "/bin/bash", append([]string{"-c", supervise, "supervise", s.ctl}, s.ctlArgs("foreground")...)...)
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
// next Start.
func (s *Server) Stop(ctx context.Context) error {
	if _, err := s.Ctl(ctx, "stop"); err != nil {
		return err
	}
	err := <-s.exited
	s.exited = nil
	return err
}

// Close ends the server at once and removes its folder. A server that does
// not run is only removed.
func (s *Server) Close() error {
	var err error
	if s.exited != nil {
		s.lifeline.Close() // also closed already where the server ended by itself
		err = <-s.exited
		s.exited = nil
	}
	s.looking.CloseIdleConnections()
	return errors.Join(err, os.RemoveAll(s.outside))
}

// Ctl runs ejabberdctl with these arguments and returns what it printed.
func (s *Server) Ctl(ctx context.Context, args ...string) (string, error) {
	cmd := s.command(ctx, s.ctl, s.ctlArgs(args...)...)
	var out, diag bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &diag
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("ejabberdctl %s: %w: %s%s", strings.Join(args, " "), err, out.String(), diag.String())
	}
	return out.String(), nil
}

// Register creates an account. (By HTTP, for each ejabberdctl is an Erlang of
// its own.)
func (s *Server) Register(ctx context.Context, user, host, password string) error {
	return s.API(ctx, "register", map[string]string{"user": user, "host": host, "password": password}, new(string))
}

// Log is what the server has logged so far.
func (s *Server) Log() string { return s.log.String() }

func (s *Server) ctlArgs(args ...string) []string {
	node := "em" + strconv.Itoa(s.dist) + "@localhost"
	return append([]string{"-n", node, "-s", s.dir + "/spool", "-l", s.dir + "/log", "-d", s.dir}, args...)
}

// command is one that runs as the server's user in the server's root.
func (s *Server) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = s.dir
	cmd.Env = []string{"HOME=" + s.dir, "DIR=" + s.dir, "PATH=/usr/sbin:/usr/bin:/sbin:/bin:" + os.Getenv("PATH"), "LANG=C.UTF-8"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: s.root, Credential: s.cred}
	return cmd
}

func addr(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// The ports that servers get. They lie below those that the system gives to
// connections, which come and go while the tests run.
const firstPort, lastPort = 12000, 32000

// freePorts finds a free port for each. They are held until all are found, so
// that they differ.
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

// awaitStarted waits until the server says so in its log beyond what it said
// before, or has ended. (That its ports can be reached says nothing: it opens
// them before the accounts and the modules are there.)
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

// lockedBuffer is a buffer that a process writes to while others read.
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
