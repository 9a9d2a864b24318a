package testserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Program is a running emanagement that is connected to a server.
type Program struct {
	cmd    *exec.Cmd
	binary string
	until  string // the text that start awaits in the log, see Settings
	dir    string
	// log is a file, and the program writes it itself. So a line that is logged before
	// an answer is in the file when the answer arrives; the reader of a pipe may
	// lag behind. The file is outside dir, so that it can be read after Stop.
	log string
}

// readyLine is the start of the log line that reports how a host accepts
// subscriptions.
const readyLine = "msg=ready host="

// Settings are the parts of the program's configuration that a test may choose.
type Settings struct {
	Access  string   // the section access, in YAML
	Hosts   []string // to serve beside Hosts()
	More    string   // further sections, in YAML
	Until   string   // the text that StartProgram awaits in the log once for each of Hosts(); "" for readyLine
	Address string   // the server's address; "" for ComponentAddr
	Env     []string // additions to the environment of the test
}

// StartProgram runs "BINARY serve" against the server, as Component. It waits
// until the program is ready on every host, for a minute at most. After an
// error no program is running, and the error contains the program's log.
func StartProgram(ctx context.Context, binary string, s *Server, settings Settings) (*Program, error) {
	dir, err := s.TempDir()
	if err != nil {
		return nil, err
	}
	p := &Program{binary: binary, until: settings.Until, dir: dir, log: dir + ".log"}
	if p.until == "" {
		p.until = readyLine
	}
	if err = p.configure(s, settings); err == nil {
		err = p.start(ctx, settings.Env)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("emanagement: %w; its log:\n%s", err, p.Log()), p.Stop())
	}
	return p, nil
}

// configure writes the configuration and the secret.
func (p *Program) configure(s *Server, settings Settings) error {
	secret, conf := filepath.Join(p.dir, "secret"), filepath.Join(p.dir, "emanagement.yml")
	if err := os.WriteFile(secret, []byte(Secret+"\n"), 0o600); err != nil {
		return err
	}
	if settings.Address == "" {
		settings.Address = s.ComponentAddr()
	}
	text := fmt.Sprintf("jid: %s\nserver: %s\nsecret_file: %s\ncontrol: %s\nhosts: [%s]\naccess:\n%s\n%s",
		Component, settings.Address, secret, p.Control(), strings.Join(append(Hosts(), settings.Hosts...), ", "), settings.Access, settings.More)
	return os.WriteFile(conf, []byte(text), 0o644)
}

// start runs the program, and waits until it is ready on every host.
func (p *Program) start(ctx context.Context, env []string) error {
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close() // the program has its own descriptor
	before := len(p.Log())
	cmd := exec.Command(p.binary, "serve", "--config", p.Config())
	cmd.Stderr = log
	cmd.Env = append(os.Environ(), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM} // so that it ends if the tests are killed
	if err := cmd.Start(); err != nil {
		return err
	}
	p.cmd = cmd
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for strings.Count(p.Log()[before:], p.until) < len(Hosts()) {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("not ready: %w", ctx.Err())
		}
	}
	return nil
}

// Log returns the program's log, until the server is closed. If the file cannot
// be read, it returns the text of the error.
func (p *Program) Log() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// Config returns the path of the program's configuration file.
func (p *Program) Config() string { return filepath.Join(p.dir, "emanagement.yml") }

// Control returns the path of the program's control socket.
func (p *Program) Control() string { return filepath.Join(p.dir, "control.sock") }

// PID returns the program's process ID.
func (p *Program) PID() int { return p.cmd.Process.Pid }

// Kill kills the program by SIGKILL, and keeps its files for Restart.
func (p *Program) Kill() error {
	if err := p.cmd.Process.Kill(); err != nil {
		return err
	}
	if err := p.cmd.Wait(); !isKilled(err) {
		return fmt.Errorf("emanagement: killed: %w", err)
	}
	p.cmd = nil
	return nil
}

// isKilled reports whether a process was ended by SIGKILL.
func isKilled(err error) bool {
	e, ok := errors.AsType[*exec.ExitError](err)
	return ok && e.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL
}

// Terminate stops the program by SIGTERM, and keeps its files for Restart.
func (p *Program) Terminate() error {
	defer func() { p.cmd = nil }()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return errors.Join(err, p.cmd.Wait())
	}
	return p.cmd.Wait()
}

// Restart runs the program again after Kill or Terminate, and waits until it is ready.
func (p *Program) Restart(ctx context.Context) error { return p.start(ctx, nil) }

// Stop stops the program by SIGTERM, as an administrator would, and waits for
// its end. The error says if it did not exit with 0.
func (p *Program) Stop() error {
	defer os.RemoveAll(p.dir)
	if p.cmd == nil {
		return nil
	}
	return p.Terminate()
}
