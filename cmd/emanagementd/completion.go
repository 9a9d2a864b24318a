package main

import (
	_ "embed"
	"flag"
	"fmt"
	"slices"
	"strings"

	"emanagement/verb"
	"emanagement/verb/wire"
)

// bash asks this program what could come next, so that it knows every verb
// that the program knows.
//
//go:embed completion.bash
var bash string

// completion prints the completion for a shell, or, for that, what could stand
// in place of the last of some words.
func completion(args []string, std streams) int {
	switch {
	case len(args) == 1 && args[0] == "bash":
		fmt.Fprint(std.out, bash)
		return exitOK
	case len(args) > 1 && args[0] == "words":
		_ = std.lines(candidates(args[1:])...)
		return exitOK
	}
	std.complain("completion: to be followed by bash; 'emanagement help' explains")
	return exitUsage
}

// candidates are what could stand in place of the last word, the others being
// those before it. Where anything could, such as a JID, there is none, and for
// files bash knows more.
func candidates(words []string) []string {
	before, last := words[:len(words)-1], words[len(words)-1]
	var all []string
	for _, c := range next(before) {
		if strings.HasPrefix(c, last) {
			all = append(all, c)
		}
	}
	return all
}

func next(before []string) []string {
	known := newFlags()
	for len(before) > 0 && strings.HasPrefix(before[0], "-") {
		if !known.alone(before[0]) && !strings.Contains(before[0], "=") {
			if len(before) == 1 {
				return nil // the flag's own value
			}
			before = before[1:]
		}
		before = before[1:]
	}
	var verbs []string
	for _, v := range verb.Verbs() {
		verbs = append(verbs, v.Name)
	}
	if len(before) == 0 {
		return slices.Concat(verbs, wire.Commands(), known.own)
	}
	switch before[0] {
	case "help":
		return verbs
	case "users":
		return []string{"import"}
	case "completion":
		return []string{"bash"}
	}
	if v, err := verb.FindVerb(before[0]); err == nil {
		return after(v, before[1:], known)
	}
	return nil
}

// after is what could follow a verb and some of its words.
func after(v *verb.Verb, words []string, known flags) []string {
	if p, ok := v.Place(len(words)); ok {
		return p.Kind.Words()
	}
	names := known.own
	for _, p := range v.Flags() {
		names = append(names, "--"+p.Name)
	}
	if !v.Destroys() {
		names = slices.DeleteFunc(names, func(f string) bool { return f == "--"+verb.YesFlag })
	}
	if n := len(words); n > 0 && slices.Contains(names, words[n-1]) && !known.alone(words[n-1]) {
		return nil // the flag's own value
	}
	return names
}

// flags are those of a line, as it declares them.
type flags struct {
	set *flag.FlagSet
	own []string // those that are no verb's, with their dashes
}

func newFlags() flags {
	verbs := make(map[string]*string)
	f := flags{set: new(line).flags(verbs)}
	f.set.VisitAll(func(one *flag.Flag) {
		if verbs[one.Name] == nil {
			f.own = append(f.own, "--"+one.Name)
		}
	})
	return f
}

// alone says whether a word is a flag that takes no value.
func (f flags) alone(word string) bool {
	one := f.set.Lookup(strings.TrimLeft(word, "-"))
	if one == nil {
		return false
	}
	b, ok := one.Value.(interface{ IsBoolFlag() bool })
	return ok && b.IsBoolFlag()
}
