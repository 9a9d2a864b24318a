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

// Program is a running emanagement, connected to a server.
type Program struct {
	cmd *exec.Cmd
	dir string
	// log is a file that the program itself writes: what it has logged before it
	// answers is there when the answer is. A pipe's reader may come later. It is
	// beside dir, so that it can be read after Stop.
	log string
}

// readyLine is what the program logs when it has found out how a host takes
// subscriptions.
const readyLine = "msg=ready host="

// Settings are what a test may want of the program's configuration.
type Settings struct {
	Access  string   // the section of that name, in YAML
	More    string   // other sections, in YAML
	Until   string   // what the log says of each host in the end; "" for that it is ready
	Address string   // where to connect; "" for the server's ComponentAddr
	Env     []string // beside the test's own environment
}

// StartProgram runs "BINARY serve" against the server, as Component, and waits
// until it is ready on every host.
func StartProgram(ctx context.Context, binary string, s *Server, settings Settings) (*Program, error) {
	dir, err := s.TempDir()
	if err != nil {
		return nil, err
	}
	p := &Program{dir: dir, log: dir + ".log"}
	if err := p.start(ctx, binary, s, settings); err != nil {
		return nil, errors.Join(fmt.Errorf("emanagement: %w; its log:\n%s", err, p.Log()), p.Stop())
	}
	return p, nil
}

func (p *Program) start(ctx context.Context, binary string, s *Server, settings Settings) error {
	secret, conf := filepath.Join(p.dir, "secret"), filepath.Join(p.dir, "emanagement.yml")
	if err := os.WriteFile(secret, []byte(Secret+"\n"), 0o600); err != nil {
		return err
	}
	if settings.Address == "" {
		settings.Address = s.ComponentAddr()
	}
	if settings.Until == "" {
		settings.Until = readyLine
	}
	text := fmt.Sprintf("jid: %s\nserver: %s\nsecret_file: %s\ncontrol: %s\naccess:\n%s\n%s",
		Component, settings.Address, secret, p.Control(), settings.Access, settings.More)
	if err := os.WriteFile(conf, []byte(text), 0o644); err != nil {
		return err
	}
	log, err := os.Create(p.log)
	if err != nil {
		return err
	}
	defer log.Close() // the program has it too
	cmd := exec.Command(binary, "serve", "--config", conf)
	cmd.Stderr = log
	cmd.Env = append(os.Environ(), settings.Env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM} // should the tests be killed
	if err := cmd.Start(); err != nil {
		return err
	}
	p.cmd = cmd
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for strings.Count(p.Log(), settings.Until) < len(Hosts()) {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("not ready: %w", ctx.Err())
		}
	}
	return nil
}

// Log is what the program has logged so far, while the server runs; an error's
// text where that cannot be read.
func (p *Program) Log() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// Config is the program's configuration file.
func (p *Program) Config() string { return filepath.Join(p.dir, "emanagement.yml") }

// Control is the program's control socket.
func (p *Program) Control() string { return filepath.Join(p.dir, "control.sock") }

// PID is the program's process.
func (p *Program) PID() int { return p.cmd.Process.Pid }

// Stop stops the program as an administrator would and waits for its end. The
// error says if it did not end well.
func (p *Program) Stop() error {
	defer os.RemoveAll(p.dir)
	if p.cmd == nil {
		return nil
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return errors.Join(err, p.cmd.Wait())
	}
	return p.cmd.Wait()
}
