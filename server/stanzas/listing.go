package stanzas

import (
	"context"
	"time"
)

// listingProbeTimeout limits the probe of a host's roster listing.
const listingProbeTimeout = 30 * time.Second

// listing says whether a host can list its rosters (process_rosteritems), if that is known.
type listing struct{ known, lists bool }

// canList reports whether a host can list its rosters. It probes a host once. The probe may
// keep the server busy for 5 s. So canList waits for its result even if the context ends,
// rather than probe again.
func (s *Server) canList(ctx context.Context, host string) (lists bool, err error) {
	l, release, err := s.listings.acquire(ctx, host)
	if err != nil {
		return false, err
	}
	defer release()
	if l.known {
		return l.lists, nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), listingProbeTimeout)
	defer cancel()
	err = s.callAPI(ctx, host, func() error {
		lists, err = s.api.ListsRosters(ctx, host)
		return err
	})
	if err == nil { // after an error, the next request probes again
		*l = listing{known: true, lists: lists}
		s.log.Info("found out whether this host lists its rosters", "host", host, "lists", lists)
	}
	return lists, err
}
