package verb

import (
	"fmt"
	"strings"

	"emanagement/verb/wire"
)

// The command line of the script of 2012: VERB ARGS..., as separate words. Parameters that
// the script did not have are flags, see flags.go.

// Usage returns the error of a line with too few or too many arguments, in the words of
// the script of 2012. Nothing was done.
func (v *Verb) Usage() *wire.Error {
	return &wire.Error{Kind: wire.Usage, Text: strings.Join([]string{
		fmt.Sprintf("Error: Params required for command %s: %d", v.Name, len(v.Places())),
		"Syntax for command " + v.Name,
		v.Syntax(),
		useHelp,
	}, "\n")}
}

// Lines that the script of 2012 printed for an unknown verb, and after every error of a
// command line.
const (
	notRecognized = "Error: Command not recognized"
	useHelp       = "Use 'help' to get information about command syntax"
)

// Syntax returns the verb's line in the help of the script of 2012.
func (v *Verb) Syntax() string {
	words := []string{v.Name}
	for _, p := range v.Places() {
		words = append(words, p.Name)
	}
	return strings.Join(words, " ")
}

// FullSyntax returns Syntax followed by the optional flags.
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

// Places returns the parameters that have a place on a command line.
func (v *Verb) Places() []Param { return v.params(false) }

// Place returns the parameter that has the i-th place on a command line, counted from 0. ok
// is false if there is none.
func (v *Verb) Place(i int) (p Param, ok bool) {
	places := v.Places()
	if i >= len(places) {
		return Param{}, false
	}
	return places[i], true
}

// Flags returns the parameters that have a flag of their name instead of a place. The
// parameter confirm is not among them: each front asks for the confirmation in its own way.
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

// Arguments takes the verb's arguments off the words that follow its name. values has each
// word unchanged, by the name of its parameter. rest has the words after the arguments. The
// error is a *wire.Error of the kind Usage if there are too few words.
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
