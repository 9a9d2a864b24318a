package verb

import (
	"context"

	"mellium.im/xmpp/jid"
)

// call is one run of a verb: what the function of a verb works with.
type call struct {
	*Services
	Args
	requester Requester
	admin     bool           // the requester has the role Admin on every host
	unlimited bool           // the requester accepts an answer of any length
	progress  func(Progress) // reports how far a long verb is
	report    *jobReport
}

// domains returns the hosts that the argument domain names.
func (c *call) domains(ctx context.Context) ([]string, error) {
	if d := c.target(); d != All {
		return []string{d}, nil
	}
	return c.Hosts(ctx)
}

// target returns the argument domain, or All if it is empty. It is what a verb that
// destroys much destroys, and the word that confirms it.
func (c *call) target() string {
	if d := c.str("domain"); d != "" {
		return d
	}
	return All
}

// Args are the arguments of a verb, checked and parsed. The getters take the name of a
// parameter. An argument that was left out is empty.
type Args struct {
	jids     map[string]jid.JID
	text     map[string]string
	lists    map[string][]string
	jidLists map[string][]jid.JID
	numbers  map[string]int

	hosts    []string // the hosts that the arguments name
	spelling func(host string) string
}

func (a Args) jid(name string) jid.JID      { return a.jids[name] }
func (a Args) str(name string) string       { return a.text[name] }
func (a Args) strings(name string) []string { return a.lists[name] }

// jidList returns the JIDs of a list. It is nil if the argument is All.
func (a Args) jidList(name string) []jid.JID { return a.jidLists[name] }

// number returns a number. given reports whether the argument has a value.
func (a Args) number(name string) (n int, given bool) {
	n, given = a.numbers[name]
	return n, given
}
