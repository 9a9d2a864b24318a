package verb

import (
	"context"
	"slices"
)

// Verb is one entry of the table. Fronts only read it.
type Verb struct {
	Name    string // as the script of 2012 spelled it
	Title   string // for lists, at most 22 characters
	Summary string // what the verb does, as a clause
	Help    string // what else users must know, in sentences
	Role    Role   // the lowest role that may run it
	Params  []Param

	// Once means that the verb does not set a state. It must not be repeated if its
	// outcome is unknown.
	Once bool
	// Long means that the verb can run longer than a requester waits. It then continues
	// as a job.
	Long bool
	// Recorded means that the audit log records each run, although the verb needs only the
	// role Read.
	Recorded bool
	// Hostless means that the verb concerns no host. Any other verb that names no host
	// concerns all of them.
	Hostless bool

	run func(ctx context.Context, c *call) (Result, error)
	// preview describes what a verb that destroys much would destroy. It returns "" if
	// that is nothing: then the verb needs no confirmation. Such a verb has the parameter
	// confirm, and runs only if its value is that of the parameter domain.
	preview func(ctx context.Context, c *call) (string, error)
}

// Destroys reports whether the verb must be confirmed.
func (v *Verb) Destroys() bool {
	return slices.ContainsFunc(v.Params, func(p Param) bool { return p.Kind == Confirm })
}

// Has reports whether the verb has a parameter of that name.
func (v *Verb) Has(param string) bool {
	return slices.ContainsFunc(v.Params, func(p Param) bool { return p.Name == param })
}

// CheckParam returns a *wire.Error of the kind Argument if the verb has no parameter of
// that name.
func (v *Verb) CheckParam(name string) error {
	if v.Has(name) {
		return nil
	}
	return BadArgument(name, "the verb has no such parameter")
}

// concernsEveryHost reports whether the verb concerns every host, whatever its arguments
// are.
func (v *Verb) concernsEveryHost() bool {
	return !v.Hostless && !slices.ContainsFunc(v.Params, func(p Param) bool { return p.Kind.namesHost() })
}

// Param is one parameter of a verb.
type Param struct {
	Name     string // that of the script of 2012
	Label    string // for people
	Kind     Kind
	Required bool
	// Extra means that the script of 2012 did not have the parameter. On a command line it
	// is a flag and has no place.
	Extra bool
	// New means that the verb may add this JID to a roster or a room. The JID must then be
	// valid by today's rules. Without New, it may be any that a server has stored.
	New bool
	// Example is a value for examples. If it is empty, the kind's own is used.
	Example string
}
