package verb

import (
	"context"
	"slices"

	"mellium.im/xmpp/jid"
)

// Verb is one entry of the table.
type Verb struct {
	Name    string // as emanagement spelled it
	Title   string // for lists that have room for some 20 characters
	Summary string // what it does, a short clause
	Help    string // what else there is to know, in sentences
	Role    Role   // who may run it
	Params  []Param

	// Once says that it must not be repeated when its outcome is unknown: it
	// does not set a state.
	Once bool
	// Long says that it can take longer than an asker waits: then it goes on
	// as a job.
	Long bool
	// Recorded says that it leaves an audit line although it only needs the
	// role Read.
	Recorded bool
	// Hostless says that no host is concerned. Another verb that names none
	// concerns them all.
	Hostless bool

	run func(ctx context.Context, c *call) (Result, error)
	// stakes says what a verb that destroys much would destroy, "" for nothing, which
	// nobody is asked about. Such a verb
	// has the parameter confirm, and runs only when that repeats what the
	// parameter domain says.
	stakes func(ctx context.Context, c *call) (string, error)
}

// Destroys says whether the verb wants to be confirmed.
func (v *Verb) Destroys() bool {
	return slices.ContainsFunc(v.Params, func(p Param) bool { return p.Kind == Confirm })
}

// Has says whether the verb has a parameter of that name.
func (v *Verb) Has(param string) bool {
	return slices.ContainsFunc(v.Params, func(p Param) bool { return p.Name == param })
}

// NoParam refuses an argument that no parameter of the verb's takes; nil where
// one does.
func (v *Verb) NoParam(name string) error {
	if v.Has(name) {
		return nil
	}
	return BadArgument(name, "the verb has no such parameter")
}

// everywhere says whether the verb always concerns every host.
func (v *Verb) everywhere() bool {
	return !v.Hostless && !slices.ContainsFunc(v.Params, func(p Param) bool { return p.Kind.namesHost() })
}

// Param is one parameter of a verb. Its name is that of the argument in
// emanagement's syntax.
type Param struct {
	Name     string
	Label    string // for people
	Kind     Kind
	Required bool
	// Extra says that emanagement did not have it: on a command line it has a
	// flag, not a place.
	Extra bool
	// New says that the verb may bring this JID into the world, which today's rules
	// must let be made then. Others may be as a server keeps them.
	New bool
	// Example is a value for examples; without, they have one of the kind's.
	Example string
}

// call is one run of a verb.
type call struct {
	*Services
	Args
	asker Asker
	admin bool           // the asker has that role, on every host
	whole bool           // the asker takes an answer of any length
	say   func(Progress) // to whoever waits for a long run's end
	// reports are what the asker has heard of it.
	reports *reports
}

// domains are the hosts that the argument domain means.
func (c *call) domains(ctx context.Context) ([]string, error) {
	if d := c.target(); d != All {
		return []string{d}, nil
	}
	return c.Hosts(ctx)
}

// Args are a verb's arguments, checked and read. The getters take a
// parameter's name; an argument that was left out is empty.
type Args struct {
	jids   map[string]jid.JID
	text   map[string]string
	list   map[string][]string
	people map[string][]jid.JID
	number map[string]int

	hosts    []string // that the arguments name
	spelling func(host string) string
}

func (a Args) jid(name string) jid.JID      { return a.jids[name] }
func (a Args) str(name string) string       { return a.text[name] }
func (a Args) strings(name string) []string { return a.list[name] }

// several returns the JIDs of a list; nil where it says all.
func (a Args) several(name string) []jid.JID { return a.people[name] }

// num returns a number; given says whether there was one.
func (a Args) num(name string) (n int, given bool) {
	n, given = a.number[name]
	return n, given
}
