package main

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"emanagement/cmd"
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
		std.lines(candidates(args[1:])...)
		return exitOK
	}
	std.complain("completion: to be followed by bash; 'emanagement help' explains")
	return exitUsage
}

// commands are what a line can begin with beside a verb and flags.
func commands() []string { return []string{"serve", "users", "completion", "version", "help"} }

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
	verbs := cmd.Verbs()
	var names []string
	for _, v := range verbs {
		names = append(names, v.Name)
	}
	own := []string{"--json", "--yes", "--config", "--as", "--server", "--component", "--password-file"}
	for len(before) > 0 && strings.HasPrefix(before[0], "-") {
		if !slices.Contains([]string{"--json", "--yes"}, before[0]) && !strings.Contains(before[0], "=") {
			if len(before) == 1 {
				return nil // the flag's own value
			}
			before = before[1:]
		}
		before = before[1:]
	}
	if len(before) == 0 {
		return slices.Concat(names, commands(), own)
	}
	switch before[0] {
	case "help":
		return names
	case "users":
		return []string{"import"}
	case "completion":
		return []string{"bash"}
	}
	i := slices.Index(names, before[0])
	if i < 0 {
		return nil
	}
	return after(verbs[i], before[1:], own)
}

// after is what could follow a verb and some of its words.
func after(v *cmd.Verb, words, own []string) []string {
	if p, ok := v.Place(len(words)); ok {
		return p.Kind.Words()
	}
	flags := own
	for _, p := range v.Flags() {
		flags = append(flags, "--"+p.Name)
	}
	if !v.Destroys() {
		flags = slices.DeleteFunc(flags, func(f string) bool { return f == "--yes" })
	}
	if n := len(words); n > 0 && slices.Contains(flags, words[n-1]) && !slices.Contains([]string{"--json", "--yes"}, words[n-1]) {
		return nil // the flag's own value
	}
	return flags
}
