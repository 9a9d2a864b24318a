package e2e_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"time"

	"golang.org/x/sys/unix"

	"emanagement/internal/testserver"
)

// faultCase is something that fails. strike makes it fail, and puts it right again.
type faultCase struct {
	name       string
	strike     func(ctx context.Context, r *faultRig) error
	byCommands bool // the load comes as ad-hoc commands, not by the control socket
}

// faultFamilies are all faults, those of one rig together.
func faultFamilies() map[string][]faultCase {
	return map[string][]faultCase{
		"server": serverFaults(), "link": linkFaults(), "component": componentFaults(), "surroundings": surroundingFaults(),
	}
}

func serverFaults() []faultCase {
	return []faultCase{
		{name: "server killed", strike: func(ctx context.Context, r *faultRig) error {
			if err := r.Kill(); err != nil {
				return err
			}
			return r.Start(ctx)
		}},
		{name: "server stopped", strike: func(ctx context.Context, r *faultRig) error {
			if err := r.Stop(ctx); err != nil {
				return err
			}
			return r.Start(ctx)
		}},
		{name: "server restarted", strike: func(ctx context.Context, r *faultRig) error {
			_, err := r.Ctl(ctx, "restart")
			return err
		}},
		{name: "server frozen for 15 s", strike: func(ctx context.Context, r *faultRig) error {
			if err := r.Freeze(); err != nil {
				return err
			}
			pause(ctx, 15*time.Second)
			return r.Thaw()
		}},
	}
}

func linkFaults() []faultCase {
	cut := func(reset bool) func(context.Context, *faultRig) error {
		return func(_ context.Context, r *faultRig) error {
			r.link.cut(reset)
			return nil
		}
	}
	slow := func(rate int, d time.Duration) func(context.Context, *faultRig) error {
		return func(ctx context.Context, r *faultRig) error {
			r.link.slow(rate)
			pause(ctx, d)
			r.link.slow(0)
			return nil
		}
	}
	return []faultCase{
		{name: "connection reset", strike: cut(true)},
		{name: "connection closed", strike: cut(false)},
		{name: "connection silent", strike: func(_ context.Context, r *faultRig) error {
			r.link.silence()
			return nil
		}},
		{name: "link at 3 kB/s for 10 s", strike: slow(3000, 10*time.Second)},
		{name: "link at 10 B/s for 10 s", strike: slow(10, 10*time.Second)},
		{name: "reset in the middle of a stanza", strike: func(ctx context.Context, r *faultRig) error {
			r.link.slow(100)
			pause(ctx, time.Second)
			r.link.cut(true)
			r.link.slow(0)
			return nil
		}},
	}
}

func componentFaults() []faultCase {
	kill, stop := (*testserver.Program).Kill, (*testserver.Program).Terminate
	end := func(how func(*testserver.Program) error, rate int) func(context.Context, *faultRig) error {
		return func(ctx context.Context, r *faultRig) error {
			r.link.slow(rate)
			err := how(r.program)
			r.link.slow(0)
			if err != nil {
				return err
			}
			return r.program.Restart(ctx)
		}
	}
	return []faultCase{
		{name: "component killed", strike: end(kill, 0)},
		{name: "component stopped", strike: end(stop, 0)},
		{name: "component killed, link at 3 kB/s", strike: end(kill, 3000)},
		{name: "component stopped, link at 3 kB/s", strike: end(stop, 3000)},
		{name: "component stopped, ad-hoc commands", strike: end(stop, 0), byCommands: true},
		{name: "component stopped, link at 3 kB/s, ad-hoc commands", strike: end(stop, 3000), byCommands: true},
	}
}

func surroundingFaults() []faultCase {
	reload := func(ctx context.Context, r *faultRig, edit func(map[string]any)) error {
		if err := r.Edit(edit); err != nil {
			return err
		}
		_, err := r.Ctl(ctx, "reload_config")
		return err
	}
	restart := func(ctx context.Context, r *faultRig, edit func(map[string]any)) error {
		if err := r.Stop(ctx); err != nil {
			return err
		}
		if err := r.Edit(edit); err != nil {
			return err
		}
		return r.Start(ctx)
	}
	return []faultCase{
		{name: "disk full for 3 s", strike: func(ctx context.Context, r *faultRig) error {
			if err := limitFiles(r.program.PID(), 0); err != nil {
				return err
			}
			pause(ctx, 3*time.Second)
			return limitFiles(r.program.PID(), unix.RLIM_INFINITY)
		}},
		{name: "second component for 3 s", strike: func(ctx context.Context, r *faultRig) error {
			conn, err := net.Dial("tcp", r.ComponentAddr())
			if err != nil {
				return err
			}
			defer conn.Close()
			if err := testserver.Authenticate(conn, bufio.NewReader(conn), testserver.Component, testserver.Secret); err != nil {
				return err
			}
			if err := conn.SetDeadline(time.Now().Add(3 * time.Second)); err != nil {
				return err
			}
			_, _ = io.Copy(io.Discard, conn) // ends with the deadline
			return nil
		}},
		{name: "grants withdrawn for 3 s", strike: func(ctx context.Context, r *faultRig) error {
			if err := reload(ctx, r, withoutModule("mod_privilege")); err != nil {
				return err
			}
			pause(ctx, 3*time.Second)
			return reload(ctx, r, nil)
		}},
		// By restarts: ejabberd 26.07 was seen to lose a listener that a reload changes.
		{name: "secret changed for 3 s", strike: func(ctx context.Context, r *faultRig) error {
			if err := restart(ctx, r, withSecret("another")); err != nil {
				return err
			}
			pause(ctx, 3*time.Second)
			return restart(ctx, r, nil)
		}},
	}
}

// withSecret returns an edit that changes the component's secret.
func withSecret(secret string) func(map[string]any) {
	return func(config map[string]any) {
		for _, l := range config["listen"].([]any) {
			if hosts, ok := l.(map[string]any)["hosts"].(map[string]any); ok && hosts[testserver.Component] != nil {
				hosts[testserver.Component] = map[string]any{"password": secret}
			}
		}
	}
}

// limitFiles limits the size to which a process may write files. 0 is as a full disk.
func limitFiles(pid int, size uint64) error {
	return unix.Prlimit(pid, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: size, Max: unix.RLIM_INFINITY}, nil)
}

// pause lets a fault last.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
