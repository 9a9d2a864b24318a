package stanzas

import (
	"context"
	"errors"
	"time"

	"emanagement/fault"
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
	loaded bool // the module for groups has answered
	failed bool // a question has ended in an error of the server
}

const (
	// sharingHolds is how long an answer counts: an administrator may make a group at any
	// time.
	sharingHolds = time.Second
	// notLoadedHolds is how long it counts that the module for groups is not loaded. The
	// server logs an error each time it is asked then.
	notLoadedHolds = 10 * time.Minute
	// sharingPause is how long a host that does not answer is not asked again, and
	// forbiddenHolds how long one that does not permit the question.
	sharingPause   = time.Minute
	forbiddenHolds = 10 * time.Minute
)

// MayShare implements rosterpush.Server. It asks the host at most once a second.
func (s *Server) MayShare(ctx context.Context, host string) bool {
	return s.sharingOf(ctx, host) != sharingNone
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
	_, forbidden := errors.AsType[*fault.NotPermittedError](err)
	switch {
	case ctx.Err() != nil:
		return sharingUnknown
	case forbidden:
		h.sharing, h.until = sharingUnknown, now.Add(forbiddenHolds)
	case err != nil:
		h.sharing, h.until = sharingUnknown, now.Add(sharingPause)
	case groups == ejabberd.SomeSharedGroups:
		*h = hostSharing{sharing: sharingSome, until: now.Add(sharingHolds), loaded: true}
	case groups == ejabberd.NoSharedGroups:
		*h = hostSharing{sharing: sharingNone, until: now.Add(sharingHolds), loaded: true}
	case h.loaded || !h.failed: // it may be an error of the moment
		h.sharing, h.until, h.failed = sharingUnknown, now.Add(sharingHolds), true
	default:
		h.sharing, h.until = sharingNone, now.Add(notLoadedHolds)
	}
	return h.sharing
}
