package main

import (
	"fmt"
	"slices"
	"strings"

	"emanagement/verb"
	"emanagement/verb/wire"
)

// help prints how the program is used, or how one verb is.
func help(args []string, std streams) int {
	switch len(args) {
	case 0:
		fmt.Fprint(std.out, usage)
		fmt.Fprintln(std.out, "\nVerbs ('emanagement help VERB' explains one):")
		for _, v := range verb.Verbs() {
			fmt.Fprintf(std.out, "  %s\n      %s\n", v.Syntax(), v.Summary)
		}
		return exitOK
	case 1:
		v, err := verb.FindVerb(args[0])
		if err == nil {
			fmt.Fprint(std.out, explain(v))
			return exitOK
		}
		if slices.Contains(wire.Commands(), args[0]) { // all of them are explained together
			fmt.Fprint(std.out, usage)
			return exitOK
		}
		misused(err).Print(std.out, std.err, false)
		return exitUsage
	}
	_ = std.lines(verb.NotRecognized, verb.UseHelp)
	return exitUsage
}

// explain says all that the table says of a verb.
func explain(v *verb.Verb) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n%s: %s\nRole: %s\n", v.FullSyntax(), v.Summary, v.Help, v.Role)
	for _, p := range v.Params {
		name := p.Name
		if p.Kind == verb.Confirm {
			continue
		}
		if p.Extra {
			name = "--" + name
		}
		required := ""
		if p.Required {
			required = "; required"
		} else if !p.Extra {
			required = `; "" for none`
		}
		fmt.Fprintf(&b, "\n  %-20s %s (%s%s)", name, p.Label, p.Kind, required)
	}
	if v.Destroys() {
		fmt.Fprintf(&b, "\n  %-20s %s", "--yes", "Do it; without it, only say what would be destroyed")
	}
	return strings.TrimRight(b.String(), "\n") + "\n\nExample:\n  emanagement " + v.Example("example.org") + "\n"
}
