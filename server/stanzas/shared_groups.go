package stanzas

import (
	"context"
	"time"

	"emanagement/rosterpush"
	"emanagement/server/ejabberd"
)

// Items of shared roster groups are in the rosters of their members, but not in the members'
// own items. They stay when they are removed, and change without a new version of the roster.

// sharing says whether a host has shared roster groups.
type sharing int

const (
	sharingUnknown sharing = iota // the server does not say it
	sharingNone
	sharingSome
)

// hostSharing is what a host has answered, and until when that counts.
type hostSharing struct {
	sharing
	until  time.Time
	loaded bool // the module for groups has answered, so that an error is one of the moment
}

const (
	// sharingHolds is how long an answer counts: an administrator may make a group at any
	// time.
	sharingHolds = time.Second
	// notLoadedHolds is how long it counts that the module for groups is not loaded. The
	// server logs an error each time it is asked then.
	notLoadedHolds = 10 * time.Minute
	// sharingPause is how long a host that does not answer is not asked again.
	sharingPause = time.Minute
	// knownHolds is how old a roster may be to count as unchanged by its version, on a host
	// of which it is unknown whether it has shared roster groups.
	knownHolds = 10 * time.Second
)

// MayShare implements rosterpush.Server. It asks the host at most once a second.
func (s *Server) MayShare(ctx context.Context, host string) bool {
	return s.sharingOf(ctx, host) != sharingNone
}

// mayHold reports whether the version of a roster can prove that the roster has not changed.
func (s *Server) mayHold(ctx context.Context, host string, known *rosterpush.Roster) bool {
	switch s.sharingOf(ctx, host) {
	case sharingNone:
		return true
	case sharingSome:
		return false
	}
	return known.Age() < knownHolds
}

// sharingOf asks a host whether it has shared roster groups, if the last answer does not
// count any more.
func (s *Server) sharingOf(ctx context.Context, host string) sharing {
	h, release, err := s.sharings.acquire(ctx, host)
	if err != nil {
		return sharingUnknown
	}
	defer release()
	if time.Now().Before(h.until) {
		return h.sharing
	}
	var groups ejabberd.SharedGroups
	err = s.callAPI(ctx, host, func() (err error) {
		groups, err = s.api.SharedGroups(ctx, host)
		return err
	})
	now := time.Now()
	switch {
	case ctx.Err() != nil:
		return sharingUnknown
	case err != nil:
		h.sharing, h.until = sharingUnknown, now.Add(sharingPause)
	case groups == ejabberd.SomeSharedGroups:
		*h = hostSharing{sharingSome, now.Add(sharingHolds), true}
	case groups == ejabberd.NoSharedGroups:
		*h = hostSharing{sharingNone, now.Add(sharingHolds), true}
	case h.loaded:
		h.sharing, h.until = sharingUnknown, now.Add(sharingHolds)
	default:
		h.sharing, h.until = sharingNone, now.Add(notLoadedHolds)
	}
	return h.sharing
}
