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

// Sessions lists a user's sessions.
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
	rows, err := allRows(info, sessionColumns()...)
	if err != nil {
		return nil, fmt.Errorf("user_sessions_info: %w", err)
	}
	return sessions(user, resources.list(), rows, info.exact())
}

// sessionColumns are those of user_sessions_info.
func sessionColumns() []string {
	return []string{"connection", "ip", "port", "priority", "node", "uptime", "status", "resource", "statustext"}
}

// sessions puts a user's resources and what is known of their sessions
// together. Whatever a resource or a status says, the JIDs are exact: they are
// made of the resources alone. A session that came or went between the two
// answers is left out. exact says whether the rows are cut rightly.
func sessions(user jid.JID, resources []string, rows []row, exact bool) ([]presence.Session, error) {
	var list []presence.Session
	longestFirst := func(a, b string) int { return len(b) - len(a) }
	for _, resource := range slices.SortedFunc(slices.Values(resources), longestFirst) {
		i, status := ofResource(resource, rows, exact)
		if i < 0 {
			continue
		}
		row := rows[i]
		rows = slices.Delete(slices.Clone(rows), i, i+1)
		if row["status"] == "offline" {
			continue // it is just ending
		}
		full, err := existing(user.String() + "/" + resource)
		if err != nil {
			return nil, err
		}
		p, err := presenceIn(row["status"], row["priority"])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", full, err)
		}
		p.Status = status
		list = append(list, presence.Session{JID: full, Presence: p})
	}
	return list, nil
}

// ofResource finds a resource's row, where the longer ones have theirs, and the
// status in it. A row that is not exact may be cut in the wrong place, for " : "
// can stand in a resource and in a status. So then one user's sessions can be taken for each other
// where one resource begins with another, " : " and more, and the status of
// that one with the same.
func ofResource(resource string, rows []row, exact bool) (index int, status string) {
	for i, row := range rows {
		if row["resource"] == resource {
			return i, row["statustext"]
		}
	}
	if exact {
		return -1, ""
	}
	for i, row := range rows {
		if status, ok := strings.CutPrefix(row["resource"]+" : "+row["statustext"], resource+" : "); ok {
			return i, status
		}
	}
	return -1, ""
}

// presenceIn reads a presence as ejabberd tells it. The priority -1 that it
// gives to who is unavailable is none of the user's.
func presenceIn(show, priority string) (p presence.Presence, err error) {
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

// Connected lists the full JIDs of everybody who is connected on a host.
func (a *API) Connected(ctx context.Context, host string) ([]jid.JID, error) {
	answer, err := a.call(ctx, host, "connected_users_vhost", arg{"host", host})
	if err != nil {
		return nil, err
	}
	var connected []jid.JID
	for _, s := range answer.list() {
		j, err := existing(s)
		if err != nil {
			return nil, err
		}
		connected = append(connected, j)
	}
	return connected, nil
}

// existing reads the JID of a session. What the server has let in is taken as
// it is, even where today's rules would not let it be created.
func existing(s string) (jid.JID, error) {
	j, err := jid.ParseUnsafe(s)
	if err != nil {
		return jid.JID{}, fmt.Errorf("session of %q: %w", s, err)
	}
	return j.JID, nil
}

// SetPresence sets the presence of one session. presence.ErrNoSession where
// there is none.
func (a *API) SetPresence(ctx context.Context, session jid.JID, p presence.Presence) error {
	typ, show := "available", p.Show
	if p.Unavailable {
		typ = "unavailable"
	}
	if show == "" {
		show = "undefined" // the one word for which ejabberd sends no <show/>
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

// Kick ends one session, or none where there is none; reason is shown to the
// user.
func (a *API) Kick(ctx context.Context, session jid.JID, reason string) error {
	_, err := a.call(ctx, session.Domainpart(), "kick_session",
		arg{"user", session.Localpart()},
		arg{"host", session.Domainpart()},
		arg{"resource", session.Resourcepart()},
		arg{"reason", reason},
	)
	return err
}

// Started says whether the server's node has started, as one of its hosts
// tells.
func (a *API) Started(ctx context.Context, host string) (bool, error) {
	answer, err := a.call(ctx, host, "status")
	if err != nil {
		return false, err
	}
	return strings.Contains(strings.Join(answer.list(), "\n"), "is started"), nil
}
