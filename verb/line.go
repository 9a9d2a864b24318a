package verb

import (
	"fmt"
	"strings"

	"emanagement/verb/wire"
)

// This is a verb as emanagement took it: VERB ARGS..., words apart. What is
// new since then has flags.

// Usage refuses a line with too few or too many arguments, in the words of the script
// of 2012. Nothing was done.
func (v *Verb) Usage() *wire.Error {
	return &wire.Error{Kind: wire.Usage, Text: strings.Join([]string{
		fmt.Sprintf("Error: Params required for command %s: %d", v.Name, len(v.Places())),
		"Syntax for command " + v.Name,
		v.Syntax(),
		useHelp,
	}, "\n")}
}

// What emanagement printed where there is no such verb, and after every error
// of a line.
const (
	notRecognized = "Error: Command not recognized"
	useHelp       = "Use 'help' to get information about command syntax"
)

// Syntax is the verb's line in emanagement's help.
func (v *Verb) Syntax() string {
	words := []string{v.Name}
	for _, p := range v.Places() {
		words = append(words, p.Name)
	}
	return strings.Join(words, " ")
}

// FullSyntax is the same with what is new: the flags, which may be left out.
func (v *Verb) FullSyntax() string {
	words := []string{v.Syntax()}
	for _, p := range v.Flags() {
		words = append(words, fmt.Sprintf("[--%s %s]", p.Name, strings.ToUpper(p.Name)))
	}
	if v.Destroys() {
		words = append(words, "[--"+YesFlag+"]")
	}
	return strings.Join(words, " ")
}

// Places are the parameters that have a place on a line.
func (v *Verb) Places() []Param { return v.params(false) }

// Place is the parameter that has the i-th place on a line, counted from 0.
func (v *Verb) Place(i int) (Param, bool) {
	places := v.Places()
	if i >= len(places) {
		return Param{}, false
	}
	return places[i], true
}

// Flags are the parameters that have a flag instead, named like them. The
// confirmation is none of these: each front has a way of its own for it.
func (v *Verb) Flags() []Param { return v.params(true) }

func (v *Verb) params(extra bool) []Param {
	var params []Param
	for _, p := range v.Params {
		if p.Extra == extra && p.Kind != Confirm {
			params = append(params, p)
		}
	}
	return params
}

// Arguments takes the verb's arguments off the words that follow it, each as it
// is, and returns what comes after them. A *wire.Error of the kind Usage where there are too few.
func (v *Verb) Arguments(words []string) (values map[string][]string, rest []string, err error) {
	places := v.Places()
	if len(words) < len(places) {
		return nil, nil, v.Usage()
	}
	values = make(map[string][]string)
	for i, p := range places {
		values[p.Name] = []string{words[i]}
	}
	return values, words[len(places):], nil
}
