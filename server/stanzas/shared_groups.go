package stanzas

import (
	"context"
	"time"

	"emanagement/rosterpush"
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
	until time.Time
}

const (
	// sharingHolds is how long an answer counts: an administrator may make a group at any
	// time.
	sharingHolds = time.Second
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
	var some bool
	err = s.callAPI(ctx, host, func() (err error) {
		some, err = s.api.HasSharedGroups(ctx, host)
		return err
	})
	switch {
	case ctx.Err() != nil:
		return sharingUnknown
	case err != nil:
		*h = hostSharing{sharingUnknown, time.Now().Add(sharingPause)}
	case some:
		*h = hostSharing{sharingSome, time.Now().Add(sharingHolds)}
	default:
		*h = hostSharing{sharingNone, time.Now().Add(sharingHolds)}
	}
	return h.sharing
}
