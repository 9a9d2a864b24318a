package hosts_test

import (
	"context"

	"mellium.im/xmpp/jid"

	"emanagement/rosterpush"
	"emanagement/rosterpush/hosts"
)

var (
	oneHost  = []string{"localhost"}
	twoHosts = []string{"localhost", "example.org"}

	alice = jid.MustParse("alice@localhost")
)

// newRosters returns the rosters of the hosts of a server.
func newRosters(server rosterpush.Server, sources ...hosts.Source) *hosts.Rosters {
	return hosts.New(rosterpush.New(server), sources...)
}

// listing is a source that lists these users.
func listing(name string, conclusive bool, users ...string) hosts.Source {
	return hosts.Source{Name: name, Users: func(_ context.Context, host string) (listed []jid.JID, _ bool, _ error) {
		for _, u := range users {
			if j := jid.MustParse(u); j.Domainpart() == host {
				listed = append(listed, j)
			}
		}
		return listed, conclusive, nil
	}}
}

// failing is a source that returns an error.
func failing(name string, err error) hosts.Source {
	return hosts.Source{Name: name, Users: func(context.Context, string) ([]jid.JID, bool, error) { return nil, true, err }}
}

// item is an item of a contact with that subscription.
func item(contact string, s rosterpush.Subscription) rosterpush.Item {
	return rosterpush.Item{JID: jid.MustParse(contact), Subscription: s}
}

// Progress that a test ignores.
func noCensus(hosts.Census)   {}
func noRemoval(hosts.Removal) {}
