package ejabberd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"mellium.im/xmpp/jid"

	"emanagement/presence"
)

// Sessions lists a user's sessions. The JID is bare. A session that begins or ends
// meanwhile may be left out.
func (a *API) Sessions(ctx context.Context, user jid.JID) ([]presence.Session, error) {
	args := []arg{{"user", user.Localpart()}, {"host", user.Domainpart()}}
	resources, err := a.call(ctx, user.Domainpart(), "user_resources", args...)
	if err != nil {
		return nil, err
	}
	info, err := a.call(ctx, user.Domainpart(), "user_sessions_info", args...)
	if err != nil {
		return nil, err
	}
	records, err := allRecords(info, sessionColumns()...)
	if err != nil {
		return nil, fmt.Errorf("user_sessions_info: %w", err)
	}
	return mergeSessions(user, resources.list(), records, info.isStructured())
}

// sessionColumns returns the columns of user_sessions_info.
func sessionColumns() []string {
	return []string{"connection", "ip", "port", "priority", "node", "uptime", "status", "resource", "statustext"}
}

// mergeSessions combines a user's resources with the records of the user's sessions. The
// JIDs are exact for all resources and statuses, because they are made of the resources
// alone. A session that is not in both answers is left out. structured is the records'
// answer.isStructured.
func mergeSessions(user jid.JID, resources []string, records []record, structured bool) ([]presence.Session, error) {
	var sessions []presence.Session
	longestFirst := func(a, b string) int { return len(b) - len(a) }
	for _, resource := range slices.SortedFunc(slices.Values(resources), longestFirst) {
		i, status := findRecord(resource, records, structured)
		if i < 0 {
			continue
		}
		r := records[i]
		records = slices.Delete(slices.Clone(records), i, i+1)
		if r["status"] == "offline" {
			continue // the session is ending
		}
		full, err := parseSession(user.String() + "/" + resource)
		if err != nil {
			return nil, err
		}
		p, err := parsePresence(r["status"], r["priority"])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", full, err)
		}
		p.Status = status
		sessions = append(sessions, presence.Session{JID: full, Presence: p})
	}
	return sessions, nil
}

// findRecord returns the index of a resource's record, or -1, and the status in it. The
// records of longer resources must have been removed.
//
// A record that is not structured may be split in the wrong place, because " : " can occur
// in a resource and in a status. So two sessions of one user can be mistaken for each
// other: those with the resources "a" and "a : b", if the status of "a" begins with "b : ".
func findRecord(resource string, records []record, structured bool) (index int, status string) {
	for i, r := range records {
		if r["resource"] == resource {
			return i, r["statustext"]
		}
	}
	if structured {
		return -1, ""
	}
	for i, r := range records {
		rest := r["resource"] + columnSeparator + r["statustext"]
		if status, ok := strings.CutPrefix(rest, resource+columnSeparator); ok {
			return i, status
		}
	}
	return -1, ""
}

// parsePresence returns a presence from two columns of user_sessions_info. It ignores the
// priority of an unavailable session: ejabberd says -1, which the user has not set.
func parsePresence(show, priority string) (p presence.Presence, err error) {
	switch show {
	case "unavailable":
		return presence.Presence{Unavailable: true}, nil
	case "available":
	default:
		p.Show = show
	}
	if p.Priority, err = strconv.Atoi(priority); err != nil {
		return p, fmt.Errorf("priority %q: %w", priority, err)
	}
	return p, nil
}

// Connected lists the full JIDs of all users who are connected on a host.
func (a *API) Connected(ctx context.Context, host string) ([]jid.JID, error) {
	got, err := a.call(ctx, host, "connected_users_vhost", arg{"host", host})
	if err != nil {
		return nil, err
	}
	return sessionsOn(host, got.list())
}

// parseSession parses the full JID of a session.
func parseSession(s string) (jid.JID, error) {
	j, err := parseStored(s)
	if err != nil {
		return jid.JID{}, fmt.Errorf("session of %w", err)
	}
	return j, nil
}

// SetPresence sets the presence of one session. The error is presence.ErrNoSession if the
// session does not exist. An ejabberd before 25.03 reports that as an internal error.
func (a *API) SetPresence(ctx context.Context, session jid.JID, p presence.Presence) error {
	typ, show := "available", p.Show
	if p.Unavailable {
		typ = "unavailable"
	}
	if show == "" {
		show = "undefined" // the only word for which ejabberd sends no <show/>
	}
	_, err := a.call(ctx, session.Domainpart(), "set_presence",
		arg{"user", session.Localpart()},
		arg{"host", session.Domainpart()},
		arg{"resource", session.Resourcepart()},
		arg{"type", typ},
		arg{"show", show},
		arg{"status", p.Status},
		arg{"priority", p.Priority},
	)
	if e, ok := errors.AsType[*Error](err); ok && e.Text == "User session not found" {
		return presence.ErrNoSession
	}
	return err
}

// Kick ends one session, and shows the user the reason. It does nothing if the session does
// not exist.
func (a *API) Kick(ctx context.Context, session jid.JID, reason string) error {
	_, err := a.call(ctx, session.Domainpart(), "kick_session",
		arg{"user", session.Localpart()},
		arg{"host", session.Domainpart()},
		arg{"resource", session.Resourcepart()},
		arg{"reason", reason},
	)
	return err
}

// Started reports whether the server's node has started, according to one of its hosts.
func (a *API) Started(ctx context.Context, host string) (bool, error) {
	got, err := a.call(ctx, host, "status")
	if err != nil {
		return false, err
	}
	return strings.Contains(strings.Join(got.list(), "\n"), "is started"), nil
}
