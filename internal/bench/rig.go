package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"mellium.im/xmpp/jid"

	"emanagement/internal/testserver"
	"emanagement/xmpp/client"
)

const (
	binary   = "bin/emanagementd"
	command  = "bin/emanagement"
	host     = "localhost"
	admin    = "admin@" + host
	password = "bench"

	// The components beside the program. Each has the program's own permissions.
	bareComponent  = "bare." + host
	floorComponent = "floor." + host

	// clients is the number of XMPP clients that ask at the same time.
	clients = 8
	// perUser is the number of items in a roster of testserver.FillRosters.
	perUser = 20
	// smallServer and largeServer are numbers of users: 10,000 items and 200,000.
	smallServer, largeServer = 500, 10_000
)

// rig is a server, the program beside it, and those who ask.
type rig struct {
	server  *testserver.Server
	program *testserver.Program
	state   string // the folder of the program's state and audit log
	bare    *peer
	floor   *responder
	admins  []*peer
	beam    int // the server's process ID
	runs    int // numbers the runs, each of which has users of its own
	closing []func() error
}

// startRig starts everything. The server has rosters of other users, with 20 items each.
func startRig(ctx context.Context, users int) (r *rig, err error) {
	r = new(rig)
	defer func() {
		if err != nil {
			err = errors.Join(err, r.close())
			r = nil
		}
	}()
	fmt.Fprintf(os.Stderr, "bench: starting a server with %d items\n", users*perUser)
	if r.server, err = testserver.New(configure); err != nil {
		return r, err
	}
	r.closing = append(r.closing, r.server.Close)
	if err := r.server.Start(ctx); err != nil {
		return r, err
	}
	if err := r.server.Register(ctx, "admin", host, password); err != nil {
		return r, err
	}
	if err := r.server.FillRosters(ctx, users, perUser); err != nil {
		return r, err
	}
	if r.beam, err = r.server.PID(); err != nil {
		return r, err
	}
	if err := r.startProgram(ctx); err != nil {
		return r, err
	}
	if err := r.connect(ctx); err != nil {
		return r, err
	}
	return r, r.awaitIdle(ctx)
}

// awaitIdle waits until the server has done what the filling has left, for a minute at most.
func (r *rig) awaitIdle(ctx context.Context) error {
	const interval, limit, idle = time.Second, time.Minute, 50 // idle is in milliseconds of CPU
	tick := time.NewTicker(interval)
	defer tick.Stop()
	before, err := cpuOf(r.beam)
	for range limit / interval {
		if err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		var now float64
		if now, err = cpuOf(r.beam); now-before < idle {
			return err
		}
		before = now
	}
	return err
}

// startProgram starts the program with a state and an audit log, as it is installed.
func (r *rig) startProgram(ctx context.Context) (err error) {
	if r.state, err = os.MkdirTemp("", "emanagement-bench-"); err != nil {
		return err
	}
	r.closing = append(r.closing, func() error { return os.RemoveAll(r.state) })
	more := fmt.Sprintf("state: %s\naudit: %s\n", filepath.Join(r.state, "state"), filepath.Join(r.state, "audit.log"))
	r.program, err = testserver.StartProgram(ctx, binary, r.server, testserver.Settings{Access: "  - {jid: " + admin + ", role: admin}\n", More: more})
	if err != nil {
		return err
	}
	r.closing = append(r.closing, r.program.Stop)
	return nil
}

// connect connects the components and the clients.
func (r *rig) connect(ctx context.Context) (err error) {
	if r.bare, err = connectComponent(r.server.ComponentAddr(), bareComponent); err != nil {
		return err
	}
	r.closing = append(r.closing, func() error { return errors.Join(r.bare.leave(), r.bare.awaitEnd(), r.bare.close()) })
	floor, err := connectComponent(r.server.ComponentAddr(), floorComponent)
	if err != nil {
		return err
	}
	r.floor = newResponder(floor)
	r.closing = append(r.closing, r.floor.stop)
	for n := range clients {
		account := client.Account{JID: jid.MustParse(admin + "/" + strconv.Itoa(n)), Password: password, Server: r.server.ClientAddr()}
		stream, err := client.DefaultDialer().Connect(ctx, account)
		if err != nil {
			return err
		}
		r.closing = append(r.closing, stream.Close)
		r.admins = append(r.admins, &peer{next: stream.Next, send: func(text string) error { return stream.Send(ctx, []byte(text)) }})
	}
	return nil
}

// close ends everything, last things first.
func (r *rig) close() (err error) {
	for n := len(r.closing) - 1; n >= 0; n-- {
		err = errors.Join(err, r.closing[n]())
	}
	return err
}

// configure gives the two other components the program's own permissions, and the API over
// HTTP those for the same work.
func configure(config map[string]any) {
	for _, l := range config["listen"].([]any) {
		listener := l.(map[string]any)
		if hosts, ok := listener["hosts"].(map[string]any); ok && hosts[testserver.Component] != nil && listener["tls"] == nil {
			hosts[bareComponent] = hosts[testserver.Component]
			hosts[floorComponent] = hosts[testserver.Component]
		}
	}
	config["acl"].(map[string]any)["emanagement"] = map[string]any{"server": []any{testserver.Component, bareComponent, floorComponent}}
	permissions := config["api_permissions"].(map[string]any)
	own := permissions["emanagement"].(map[string]any)
	for _, c := range []string{bareComponent, floorComponent} {
		permissions[c] = map[string]any{"from": own["from"], "who": map[string]any{"server": c}, "what": own["what"]}
	}
	permissions["the API over HTTP"] = map[string]any{
		"from": "mod_http_api", "who": map[string]any{"ip": "127.0.0.1"}, "what": []any{"get_roster", "add_rosteritem", "delete_rosteritem"},
	}
}

// residentMemory returns the program's memory, in MiB.
func (r *rig) residentMemory() (float64, error) { return statusOf(r.program.PID(), "VmRSS:") }

// peakMemory returns the most memory that the program has had, in MiB.
func (r *rig) peakMemory() (float64, error) { return statusOf(r.program.PID(), "VmHWM:") }

// statusOf returns a size in a process's status, in MiB.
func statusOf(pid int, name string) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if size, ok := strings.CutPrefix(line, name); ok {
			n, err := strconv.ParseFloat(strings.Fields(size)[0], 64)
			return n / 1024, err
		}
	}
	return 0, fmt.Errorf("process %d: it has no %s", pid, name)
}
