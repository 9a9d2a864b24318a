package main

import (
	"flag"
	"fmt"
	"io"
	"slices"

	"emanagement/verb"
	"emanagement/verb/wire"
)

// line is a command line that runs a verb.
type line struct {
	verb   *verb.Verb // nil: none was named
	values map[string][]string

	config       string
	configNamed  bool
	json, yes    bool
	as           string
	server       string
	component    string
	passwordFile string
	password     string // once it is known
}

// readLine reads [flags] VERB ARGS... [flags]. What stands in a place of the
// verb's is taken as it is, whatever it looks like. Errors: *cmd.UsageError,
// *cmd.UnknownVerbError, flag.ErrHelp, or one about a flag.
func readLine(args []string) (*line, error) {
	l := new(line)
	extra := make(map[string]*string)
	flags := l.flags(extra)
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if args = flags.Args(); len(args) == 0 {
		return l, nil
	}
	var err error
	if l.verb, err = verb.FindVerb(args[0]); err != nil {
		return nil, err
	}
	if l.values, args, err = l.verb.Arguments(args[1:]); err != nil {
		return nil, err
	}
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if flags.NArg() > 0 {
		return nil, &verb.UsageError{Verb: l.verb}
	}
	return l, l.takeFlags(flags, extra)
}

// flags are all that a line can have: the program's own, and those of every
// verb, for the verb comes after them.
func (l *line) flags(extra map[string]*string) *flag.FlagSet {
	flags := flag.NewFlagSet("emanagement", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&l.config, "config", wire.ConfigFile, "")
	flags.BoolVar(&l.json, "json", false, "")
	flags.BoolVar(&l.yes, "yes", false, "")
	flags.StringVar(&l.as, "as", "", "")
	flags.StringVar(&l.server, "server", "", "")
	flags.StringVar(&l.component, "component", "", "")
	flags.StringVar(&l.passwordFile, "password-file", "", "")
	for _, v := range verb.Verbs() {
		for _, p := range v.Flags() {
			if extra[p.Name] == nil {
				extra[p.Name] = flags.String(p.Name, "", "")
			}
		}
	}
	return flags
}

// takeFlags takes over what was given of the verb's own flags, and refuses
// what it does not have.
func (l *line) takeFlags(flags *flag.FlagSet, extra map[string]*string) (err error) {
	flags.Visit(func(f *flag.Flag) {
		value := extra[f.Name]
		switch {
		case (f.Name == "as" || f.Name == "config") && f.Value.String() == "": // a script's variable that is not set
			err = fmt.Errorf("--%s: it is empty", f.Name)
		case f.Name == "config":
			l.configNamed = true
		case value != nil && l.verb.Has(f.Name):
			l.values[f.Name] = []string{*value}
		case value != nil:
			err = fmt.Errorf("--%s: %s has no such flag", f.Name, l.verb.Name)
		case slices.Contains([]string{"server", "component", "password-file"}, f.Name) && l.as == "":
			err = fmt.Errorf("--%s: it goes with --as", f.Name)
		}
	})
	return err
}
