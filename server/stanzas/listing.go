package stanzas

import (
	"context"
	"sync"
	"time"
)

// listingProbeTimeout limits the probe of a host's roster listing.
const listingProbeTimeout = 30 * time.Second

// listingCapability holds which hosts can list their rosters (process_rosteritems), as far
// as that is known.
type listingCapability struct {
	mu    sync.Mutex
	hosts map[string]*hostListing
}

// hostListing is what is known of one host. The slow probe of a host delays no other host.
type hostListing struct {
	// lock serializes probes and guards the fields below. It has a capacity of one: the
	// holder's token.
	lock         chan struct{}
	known, lists bool
}

func newListingCapability() listingCapability {
	return listingCapability{hosts: make(map[string]*hostListing)}
}

// acquire waits for the host's lock. The caller must call release. The error is the cause of
// the context's end.
func (l *listingCapability) acquire(ctx context.Context, host string) (h *hostListing, err error) {
	l.mu.Lock()
	if h = l.hosts[host]; h == nil {
		h = &hostListing{lock: make(chan struct{}, 1)}
		l.hosts[host] = h
	}
	l.mu.Unlock()
	select {
	case h.lock <- struct{}{}:
		return h, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (h *hostListing) release() { <-h.lock }

// forget makes the next canList probe a host again. It waits for a probe that is under way.
func (l *listingCapability) forget(ctx context.Context, host string) {
	if h, err := l.acquire(ctx, host); err == nil {
		h.known = false
		h.release()
	}
}

// canList reports whether a host can list its rosters. It probes a host once. The probe may
// keep the server busy for 5 s. So canList waits for its result even if the context ends,
// rather than probe again.
func (s *Server) canList(ctx context.Context, host string) (lists bool, err error) {
	h, err := s.listing.acquire(ctx, host)
	if err != nil {
		return false, err
	}
	defer h.release()
	if h.known {
		return h.lists, nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), listingProbeTimeout)
	defer cancel()
	err = s.callAPI(ctx, host, func() error {
		lists, err = s.api.ListsRosters(ctx, host)
		return err
	})
	if err == nil { // after an error, the next request probes again
		h.known, h.lists = true, lists
		s.log.Info("found out whether this host lists its rosters", "host", host, "lists", lists)
	}
	return lists, err
}
