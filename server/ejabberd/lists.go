package ejabberd

import (
	"strings"

	"mellium.im/xmpp/jid"

	"emanagement/room"
	"emanagement/xmpp/address"
)

// A server has one list of sessions, of users and of rooms for all its hosts. A requester
// may have access to one host only. So the functions below leave out what belongs to
// another host than the one that was asked for, whatever the server's answer contains.

// sessionsOn returns the sessions in a list that are at a host.
func sessionsOn(host string, list []string) (sessions []jid.JID, err error) {
	for _, s := range list {
		j, err := parseSession(s)
		if err != nil {
			return nil, err
		}
		if address.SameHost(j.Domainpart(), host) {
			sessions = append(sessions, j)
		}
	}
	return sessions, nil
}

// userOn returns the user of a host that a list names, by the local part alone or with the
// host. ok is false if the name is that of a user of another host.
func userOn(host, name string) (user jid.JID, ok bool) {
	local, at, hasHost := strings.Cut(name, "@") // no local part has an @ in it
	if hasHost && !address.SameHost(at, host) {
		return jid.JID{}, false
	}
	return storedUser(local, host), true
}

// roomsOn returns the rooms in a list that are at the service of a host. A name that the
// server stores is not validated.
func roomsOn(host string, list []string) (rooms []room.Room) {
	for _, r := range list {
		name, service, hasService := strings.Cut(r, "@")
		if !hasService || address.SameHost(service, room.Service(host)) {
			rooms = append(rooms, room.Room{Name: name, Host: host})
		}
	}
	return rooms
}
