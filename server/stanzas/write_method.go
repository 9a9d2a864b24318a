package stanzas

import (
	"context"
	"fmt"
	"sync"

	"emanagement/fault"
)

// writeMethod is the method by which a host lets subscriptions be written.
type writeMethod int

const (
	writeUnknown   writeMethod = iota
	writeByStanza              // the subscription in a roster stanza counts (Prosody)
	writeByAPI                 // the server ignores it; its API command writes it (ejabberd)
	writeByAPIOnly             // no roster stanza writes anything (ejabberd before 23.10)
)

// String returns the method as the log names it.
func (m writeMethod) String() string {
	return [...]string{"not known yet", "roster stanza", "API command add_rosteritem", "API commands, as everything else"}[m]
}

// writeMethods holds the write method of each host.
type writeMethods struct {
	mu    sync.Mutex
	hosts map[string]*hostMethod
}

// hostMethod is the write method of one host.
type hostMethod struct {
	method    writeMethod
	confirmed bool          // the method has worked
	probed    chan struct{} // closed at the end of the host's first probe
	once      sync.Once     // closes probed
}

func newWriteMethods() writeMethods { return writeMethods{hosts: make(map[string]*hostMethod)} }

// of returns the entry of a host. The caller holds w.mu.
func (w *writeMethods) of(host string) *hostMethod {
	h := w.hosts[host]
	if h == nil {
		h = &hostMethod{probed: make(chan struct{})}
		w.hosts[host] = h
	}
	return h
}

// await waits for a host's first probe, and returns the host's write method.
func (w *writeMethods) await(ctx context.Context, host string) (writeMethod, error) {
	w.mu.Lock()
	h := w.of(host)
	w.mu.Unlock()
	select {
	case <-h.probed:
	case <-ctx.Done():
		return writeUnknown, fmt.Errorf("%s: %w: %w", host, fault.ErrNoAnswer, context.Cause(ctx))
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return h.method, nil
}

// current returns a host's write method as far as it is known. It does not block.
func (w *writeMethods) current(host string) writeMethod {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.of(host).method
}

// isConfirmed reports whether a host's write method has worked.
func (w *writeMethods) isConfirmed(host string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.of(host).confirmed
}

// confirm records that a host's write method has worked. It reports whether that was
// unknown before.
func (w *writeMethods) confirm(host string) (first bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	h := w.of(host)
	first = !h.confirmed
	h.confirmed = true
	return first
}

// set records the outcome of a probe of a host's write method. writeUnknown leaves a method
// that was known before.
func (w *writeMethods) set(host string, m writeMethod, confirmed bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	h := w.of(host)
	h.confirmed = confirmed
	if m != writeUnknown {
		h.method = m
	}
}

// retryStanzas makes the next write try a stanza again if a host has the method
// writeByAPIOnly: its server may have been upgraded.
func (w *writeMethods) retryStanzas(host string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if h := w.of(host); h.method == writeByAPIOnly {
		h.method = writeUnknown
	}
}

// markProbed ends the wait for a host's first probe.
func (w *writeMethods) markProbed(host string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	h := w.of(host)
	h.once.Do(func() { close(h.probed) })
}
