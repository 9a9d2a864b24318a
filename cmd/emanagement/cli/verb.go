package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"emanagement/verb"
	"emanagement/verb/wire"
)

// verbCommand returns the command that runs a verb. It parses its words itself, because an
// argument of a verb may look like a flag.
func verbCommand(v *verb.Verb, l *commandLine, std streams, status *int) *cobra.Command {
	c := &cobra.Command{
		Use: v.Syntax(), Short: v.Summary, Long: description(v), Example: "  emanagement " + v.Example("example.org"),
		GroupID: groupVerbs, DisableFlagParsing: true, DisableFlagsInUseLine: len(v.Flags()) == 0 && !v.Destroys(),
		ValidArgsFunction: func(c *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
			return completeVerb(c, v, args, typed)
		},
	}
	for _, p := range v.Flags() {
		c.Flags().String(p.Name, "", p.Label+" ("+p.Kind.String()+")")
	}
	c.Flags().BoolVar(&l.yes, verb.YesFlag, false, yesUsage)
	if !v.Destroys() {
		_ = c.Flags().MarkHidden(verb.YesFlag) // it exists
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) == 1 && isHelp(args[0]) {
			return c.Help()
		}
		l.verb = v
		if err := l.parse(c, args); err != nil {
			return err
		}
		*status = l.execute(c.Context(), std)
		return nil
	}
	return c
}

// description returns the help of a verb: all that the table has about it.
func description(v *verb.Verb) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n\n%s\n\nRole: %s", v.Name, v.Summary, v.Help, v.Role)
	if len(v.Places()) > 0 {
		b.WriteString("\n\nArguments:\n") // the empty line keeps the lines below apart in the manual page
	}
	for _, p := range v.Places() {
		required := `; "" for none`
		if p.Required {
			required = "; required"
		}
		fmt.Fprintf(&b, "\n    %-20s %s\n    %-20s (%s%s)", p.Name, p.Label, "", p.Kind, required)
	}
	return b.String()
}

// parse reads the words after the verb: arguments, then flags.
func (l *commandLine) parse(c *cobra.Command, words []string) (err error) {
	if l.values, words, err = l.verb.Arguments(words); err != nil {
		return err
	}
	c.InheritedFlags() // adds them to c.Flags()
	flags := c.Flags()
	if err := flags.Parse(words); err != nil {
		if errors.Is(err, pflag.ErrHelp) {
			return l.verb.Usage()
		}
		return parserError(l.verb.Name, err)
	}
	if flags.NArg() > 0 {
		return l.verb.Usage()
	}
	take := func(f *pflag.Flag) {
		if err == nil {
			err = l.takeFlag(f)
		}
	}
	c.Root().Flags().Visit(take)
	flags.Visit(take)
	return err
}

// takeFlag checks a flag of the line and takes over its value.
func (l *commandLine) takeFlag(f *pflag.Flag) error {
	value := f.Value.String()
	switch {
	case (f.Name == "as" || f.Name == "config") && value == "": // in a script, an unset variable
		return fmt.Errorf("--%s: it is empty", f.Name)
	case f.Name == "config":
		l.configNamed = true
	case slices.Contains([]string{"server", "component", "password-file"}, f.Name):
		if l.as == "" {
			return fmt.Errorf("--%s: it goes with --as", f.Name)
		}
	case slices.Contains([]string{"json", "wait", verb.YesFlag, "as"}, f.Name):
	case l.verb.Has(f.Name):
		l.values[f.Name] = []string{value}
	default:
		return fmt.Errorf("--%s: %s has no such flag", f.Name, l.verb.Name)
	}
	return nil
}

// execute runs the verb, prints the result or the error, and returns the exit status. If
// the verb must be confirmed, and a person sits at the terminal, it asks.
func (l *commandLine) execute(ctx context.Context, std streams) int {
	result, err := l.run(ctx, std)
	if ctx.Err() != nil && err != nil {
		l.printError(err, std)
		return wire.ExitInterrupted
	}
	if e, ok := errors.AsType[*wire.Error](err); ok && e.Kind == wire.Confirm && !l.json && std.confirm(ctx, e) {
		l.yes = true
		result, err = l.run(ctx, std)
	}
	if err != nil {
		return l.printError(err, std)
	}
	return l.printResult(result, std)
}
