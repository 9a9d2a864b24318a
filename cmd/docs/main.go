// Command docs generates documentation: verbs.md from the table of verbs, and the manual
// pages from the commands.
package main

import (
	"fmt"
	"os"
	"strings"

	"emanagement/verb"
)

//go:generate go run . ../../docs/verbs.md

func main() {
	var err error
	switch {
	case len(os.Args) == 2:
		err = os.WriteFile(os.Args[1], []byte(page(verb.Verbs())), 0o644)
	case len(os.Args) == 3 && os.Args[1] == "man":
		err = manual(os.Args[2])
	default:
		fmt.Fprintln(os.Stderr, "usage: docs FILE, to write the description of the verbs; or docs man FOLDER, to write the manual pages")
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "docs:", err)
		os.Exit(1)
	}
}

const head = `<!-- Written by go generate from the table in verb. Change it there. -->

# Verbs

Each verb is an ad-hoc command, whose form has the parameters as its fields. On the
command line and in chat, a verb is a line: first the arguments that the script of 2012
had, in its order, then flags for the other parameters. The roles are read, write and
admin. A role includes the roles before it. Nicks, groups and their number have
[limits](install.md#settings), which can be configured.

`

// exampleHost is the host in the examples.
const exampleHost = "example.org"

// page returns the whole text of verbs.md.
func page(verbs []*verb.Verb) string {
	var p strings.Builder
	p.WriteString(head)
	p.WriteString("| verb | role | what it does |\n|---|---|---|\n")
	for _, v := range verbs {
		fmt.Fprintf(&p, "| [%s](#%s) | %s | %s |\n", v.Name, strings.ToLower(v.Name), v.Role, cell(v.Summary))
	}
	for _, v := range verbs {
		section(&p, v)
	}
	return p.String()
}

// section writes the section of one verb.
func section(p *strings.Builder, v *verb.Verb) {
	fmt.Fprintf(p, "\n## %s\n\n```\n%s\n```\n\n%s %s\n\n", v.Name, v.FullSyntax(), sentence(v.Summary), v.Help)
	if example := v.Example(exampleHost); example != v.Name {
		fmt.Fprintf(p, "For example:\n\n```\n%s\n```\n\n", example)
	}
	fmt.Fprintf(p, "- Role: %s.\n", v.Role)
	for _, trait := range traits(v) {
		fmt.Fprintf(p, "- %s\n", trait)
	}
	if len(v.Params) == 0 {
		return
	}
	p.WriteString("\n| parameter | what it is | takes | needed |\n|---|---|---|---|\n")
	for _, param := range v.Params {
		needed := "no"
		if param.Required {
			needed = "yes"
		}
		fmt.Fprintf(p, "| %s | %s | %s | %s |\n", param.Name, cell(param.Label), cell(param.Kind.String()), needed)
	}
}

// traits describes whether a verb may be repeated, runs as a job, and must be confirmed.
func traits(v *verb.Verb) []string {
	var traits []string
	if v.Once {
		traits = append(traits, "Must not be repeated if its outcome is unknown, because it does not set a state.")
	} else {
		traits = append(traits, "May be repeated if its outcome is unknown.")
	}
	if v.Long {
		traits = append(traits, "Continues as a job if it takes longer than a client waits. A message reports its end.")
	}
	if v.Destroys() {
		traits = append(traits, "Must be confirmed. Without confirmation it says what it would destroy, and does nothing.")
	}
	return traits
}

// cell escapes a text for a cell of a table.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

// sentence makes a sentence of a clause.
func sentence(s string) string {
	s = strings.ToUpper(s[:1]) + s[1:]
	if strings.HasSuffix(s, "?") {
		return s
	}
	return s + "."
}
