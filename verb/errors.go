package verb

import (
	"fmt"
	"slices"
	"strings"

	"emanagement/fault"
	"emanagement/verb/suggest"
	"emanagement/verb/wire"
)

// Every error that a verb returns to a front is a *wire.Error. What the packages below
// return is a fault, which outcome turns into one.

// BadArgument refuses the argument of a parameter. why begins with the value or says
// what is missing.
func BadArgument(param, why string) *wire.Error {
	return &wire.Error{Kind: wire.Argument, Param: param, Why: why, Text: param + ": " + why}
}

func forbidden(format string, args ...any) *wire.Error {
	return &wire.Error{Kind: wire.Forbidden, Text: fmt.Sprintf(format, args...)}
}

// unknownVerb refuses a name that the table does not have, and names the verb of a
// list that is most similar.
func unknownVerb(name string, verbs []*Verb) *wire.Error {
	var names []string
	for _, v := range verbs {
		names = append(names, v.Name)
	}
	name = name[:min(len(name), maxName)]
	return &wire.Error{Kind: wire.Unknown, Text: notRecognized + "\n" + useHelp, Meant: suggest.Word(name, names)}
}

// FindVerb returns the verb of that name, in upper or lower case. The error is a
// *wire.Error of the kind Unknown.
func FindVerb(name string) (*Verb, error) {
	verbs := Verbs()
	if i := slices.IndexFunc(verbs, func(v *Verb) bool { return strings.EqualFold(v.Name, name) }); i >= 0 {
		return verbs[i], nil
	}
	return nil, unknownVerb(name, verbs)
}

// Complaint words an error about an argument with the parameter's label, which people
// know, and its name, which programs know. Other errors are worded as they are.
func (v *Verb) Complaint(bad *wire.Error) string {
	for _, p := range v.Params {
		if p.Name == bad.Param && bad.Why != "" {
			return p.Label + " (" + p.Name + "): " + bad.Why
		}
	}
	return bad.Text
}

// failure is the error of a verb that did not end well. It keeps the cause for the log.
func failure(text string, f *fault.Error, once bool, cause error) *wire.Error {
	e := &wire.Error{Kind: wire.Failed, Text: text, Temporary: f.IsTemporary(), Err: cause}
	if f.IsAway() {
		e.Kind = wire.Away
		// A verb that does not set a state must not be repeated blindly.
		e.Temporary = f.Temporary || !once
	}
	return e
}

// outcome turns what a verb returned into what its requester is told: a result, or a
// *wire.Error.
func (v *Verb) outcome(c *call, r Result, err error) (Result, error) {
	if err == nil {
		return r, nil
	}
	if _, ok := err.(*wire.Error); ok { // the verb has worded it
		return r, err
	}
	f := fault.Of(err)
	switch f.Code {
	case fault.Declined:
		return refused("%s", f.Text), nil
	case fault.Invalid:
		return r, BadArgument(f.Param, f.Text)
	case fault.NotServed:
		if param, ok := v.namedHost(c, f.Host); ok {
			if c.Miss != nil {
				c.Miss(f.Host)
			}
			return r, BadArgument(param, f.Text)
		}
	}
	return r, failure(f.Message(!v.Once), f, v.Once, err)
}

// namedHost returns the parameter whose argument named a host.
func (v *Verb) namedHost(c *call, host string) (param string, ok bool) {
	for _, p := range v.Params {
		if p.Kind != Contact && c.jid(p.Name).Domainpart() == host || (p.Kind == Domain || p.Kind == Host) && c.str(p.Name) == host {
			return p.Name, true
		}
	}
	return "", false
}

// explain words why something failed for a requester. once says that it must not be
// repeated if its outcome is unknown.
func explain(err error, once bool) string { return fault.Of(err).Message(!once) }
