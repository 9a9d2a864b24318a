package stanzas

import (
	"context"
	"time"
)

// listingProbeTimeout limits the probe of a host's roster listing.
const listingProbeTimeout = 30 * time.Second

// listingCapability holds which hosts can list their rosters (process_rosteritems), as far
// as that is known.
type listingCapability struct {
	// lock serializes probes and guards hosts. It has a capacity of one: the holder's
	// token.
	lock  chan struct{}
	hosts map[string]bool // an unknown host has no entry
}

func newListingCapability() listingCapability {
	return listingCapability{lock: make(chan struct{}, 1), hosts: make(map[string]bool)}
}

// forget makes the next canList probe a host again. It waits for a probe that is under way.
func (l *listingCapability) forget(ctx context.Context, host string) {
	select {
	case l.lock <- struct{}{}:
		delete(l.hosts, host)
		<-l.lock
	case <-ctx.Done():
	}
}

// canList reports whether a host can list its rosters. It probes a host once. The probe may
// keep the server busy for 5 s. So canList waits for its result even if the context ends,
// rather than probe again.
func (s *Server) canList(ctx context.Context, host string) (lists bool, err error) {
	select {
	case s.listing.lock <- struct{}{}:
		defer func() { <-s.listing.lock }()
	case <-ctx.Done():
		return false, context.Cause(ctx)
	}
	if lists, known := s.listing.hosts[host]; known {
		return lists, nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), listingProbeTimeout)
	defer cancel()
	err = s.callAPI(ctx, host, func() error {
		lists, err = s.api.ListsRosters(ctx, host)
		return err
	})
	if err == nil { // after an error, the next request probes again
		s.listing.hosts[host] = lists
		s.log.Info("found out whether this host lists its rosters", "host", host, "lists", lists)
	}
	return lists, err
}
