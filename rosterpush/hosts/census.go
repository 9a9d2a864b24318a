package hosts

import (
	"fmt"
	"slices"
	"strings"

	"emanagement/rosterpush"
)

// Census is what a search found on some hosts, so far or in the end.
type Census struct {
	Users       int // users that were found, with a roster or without
	Visited     int // users whose rosters were read
	Rosters     int // rosters with items
	Items       int // items of all rosters
	Unread      int // rosters that could not be read or shown
	FirstUnread rosterpush.Failure
	Answers     []SourceAnswer
	// Inconclusive are the hosts on which no roster was found although no source is
	// conclusive. They may have rosters all the same.
	Inconclusive []string
}

// SourceAnswer is what one source answered about one host.
type SourceAnswer struct {
	Source     string
	Host       string
	Users      int
	Conclusive bool  // see Source
	Err        error // why it could not answer
}

// String describes what the census is based on: for each source, the number of users
// that it listed, or that it was not available.
func (c Census) String() string {
	var parts []string
	for _, a := range c.Answers {
		i := slices.IndexFunc(parts, func(p string) bool { return strings.HasPrefix(p, a.Source+":") })
		if i < 0 {
			i = len(parts)
			parts = append(parts, a.Source+":")
		} else {
			parts[i] += ","
		}
		if a.Err != nil {
			parts[i] += fmt.Sprintf(" not available on %s", a.Host)
		} else {
			parts[i] += fmt.Sprintf(" %d on %s", a.Users, a.Host)
		}
	}
	if c.Unread > 0 {
		parts = append(parts, fmt.Sprintf("%s could not be read, such as that of %s: %v", plural(c.Unread, "roster"), c.FirstUnread.JID, c.FirstUnread.Err))
	}
	for _, h := range c.Inconclusive {
		parts = append(parts, fmt.Sprintf("nobody was found on %s, and nothing says that there is nobody", h))
	}
	return strings.Join(parts, "; ")
}

// inconclusive returns the hosts that the field of that name lists, given the hosts
// on which a roster was found.
func (c Census) inconclusive(hosts []string, populated map[string]bool) []string {
	return slices.DeleteFunc(slices.Clone(hosts), func(h string) bool {
		return populated[h] || slices.ContainsFunc(c.Answers, func(a SourceAnswer) bool { return a.Host == h && a.Conclusive })
	})
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
