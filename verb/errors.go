package verb

import (
	"fmt"
	"slices"
	"strings"

	"emanagement/fault"
	"emanagement/verb/suggest"
	"emanagement/verb/wire"
)

// Every error that a front receives is a *wire.Error. The packages below return faults, and
// outcome turns a fault into a *wire.Error.

// BadArgument refuses the argument of a parameter. why begins with the value or says
// what is missing.
func BadArgument(param, why string) *wire.Error {
	return &wire.Error{Kind: wire.Argument, Param: param, Why: why, Text: param + ": " + why}
}

// forbidden returns an error of the kind Forbidden.
func forbidden(format string, args ...any) *wire.Error {
	return &wire.Error{Kind: wire.Forbidden, Text: fmt.Sprintf(format, args...)}
}

// unknownVerb refuses a name that the table does not have. Its Meant is the verb of the
// list with the most similar name.
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

// ErrorText returns the text of an error for people. If the error is about an argument, the
// text begins with the parameter's label, which forms show.
func (v *Verb) ErrorText(e *wire.Error) string {
	for _, p := range v.Params {
		if p.Name == e.Param && e.Why != "" {
			return p.Label + " (" + p.Name + "): " + e.Why
		}
	}
	return e.Text
}

// failure returns the error of a verb that failed. once is the verb's field Once. The cause
// is for the log.
func failure(text string, f *fault.Error, once bool, cause error) *wire.Error {
	e := &wire.Error{Kind: wire.Failed, Text: text, Temporary: f.IsTemporary(), Err: cause}
	if f.IsAway() {
		e.Kind = wire.Away
		// A verb that does not set a state must not be repeated blindly.
		e.Temporary = f.Temporary || !once
	}
	return e
}

// outcome turns what the function of a verb returned into a result or a *wire.Error. A
// fault of the code Declined becomes a refusal.
func (v *Verb) outcome(c *call, r Result, err error) (Result, error) {
	if err == nil {
		return r, nil
	}
	if _, ok := err.(*wire.Error); ok { // the verb has chosen it
		return r, err
	}
	f := faultOf(err)
	switch f.Code {
	case fault.Declined:
		return refused("%s", f.Text), nil
	case fault.Invalid:
		return r, BadArgument(f.Param, f.Text)
	case fault.NotServed:
		if param, ok := v.paramNamingHost(c, f.Host); ok {
			if c.OnUnservedHost != nil {
				c.OnUnservedHost(f.Host)
			}
			return r, BadArgument(param, f.Text)
		}
	}
	return r, failure(f.Message(!v.Once), f, v.Once, err)
}

// paramNamingHost returns the parameter whose argument names a host. ok is false if none
// does.
func (v *Verb) paramNamingHost(c *call, host string) (param string, ok bool) {
	for _, p := range v.Params {
		if p.Kind != Contact && c.jid(p.Name).Domainpart() == host || (p.Kind == Domain || p.Kind == Host) && c.str(p.Name) == host {
			return p.Name, true
		}
	}
	return "", false
}

// faultOf is fault.Of. If the time of the request was over, the text also names the verb
// that shows other requests.
func faultOf(err error) *fault.Error {
	f := fault.Of(err)
	if f.Code != fault.TimedOut {
		return f
	}
	hinted := *f
	hinted.Text += timeoutHint
	return &hinted
}

// reason returns why something failed, for a requester. once means that the request must
// not be repeated if its outcome is unknown.
func reason(err error, once bool) string { return faultOf(err).Message(!once) }
