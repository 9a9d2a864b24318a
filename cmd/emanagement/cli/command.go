package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"emanagement/cmd/internal/configfile"
	"emanagement/cmd/internal/sibling"
	"emanagement/cmd/internal/version"
	"emanagement/verb"
	"emanagement/verb/wire"
)

const about = `emanagement manages the rosters, presences, messages and rooms of an XMPP
server's users. Each verb does one thing. A component beside the server carries
it out; 'emanagement serve' starts the component.

Flags stand before the verb, or after its last argument. An argument may look
like a flag.

Exit status of a verb: 0 done, or yes; 1 no, or not done; 2 wrong usage, nothing
was done; 3 the server or the component is away; 130 Ctrl-C.`

// commandLine is a command line that runs a verb.
type commandLine struct {
	verb   *verb.Verb
	values map[string][]string

	config, as, server, component, passwordFile string
	json, yes, wait                             bool

	configNamed bool   // the line has the flag --config
	password    string // of the account --as, once it is known
}

// run parses a command line and runs it. It returns the exit status.
func run(ctx context.Context, args []string, std streams) (status int) {
	root := newRoot(std, &status)
	if completeArgument(root, args, std) {
		return status
	}
	root.SetArgs(args)
	if err := root.ExecuteContext(ctx); err != nil {
		// If the line cannot be parsed, its flags are not known.
		l := &commandLine{json: slices.Contains(args, "--json")}
		return l.printError(usageError(err), std)
	}
	return status
}

// Command returns the whole command tree, for its documentation.
func Command() *cobra.Command { return newRoot(streams{}, new(int)) }

// newRoot returns the command tree. A command that runs stores its exit status in status.
// An error that a command returns is one of its usage.
func newRoot(std streams, status *int) *cobra.Command {
	// As the script of 2012, emanagement takes a verb in upper or lower case.
	cobra.EnableCaseInsensitive = true
	cobra.EnableCommandSorting = false // the table of verbs is ordered by subject
	l := new(commandLine)
	wantsVersion := false
	root := &cobra.Command{
		Use:              "emanagement [flags] VERB ARGS... [flags]",
		Short:            "run the verbs of an emanagement component",
		Long:             about,
		Args:             cobra.ArbitraryArgs,
		TraverseChildren: true,
		SilenceErrors:    true,

		DisableFlagsInUseLine: true,
		SilenceUsage:          true,
		RunE: func(c *cobra.Command, args []string) error {
			switch {
			case wantsVersion:
				return printVersion(std)
			case len(args) == 0:
				return c.Help()
			}
			_, err := verb.FindVerb(args[0])
			return err
		},
	}
	root.SetOut(std.out)
	root.SetErr(std.err)
	l.declareFlags(root)
	root.AddGroup(&cobra.Group{ID: groupVerbs, Title: "Verbs:"}, &cobra.Group{ID: groupOthers, Title: "Other commands:"})
	for _, v := range verb.Verbs() {
		root.AddCommand(verbCommand(v, l, std, status))
	}
	root.AddCommand(
		daemonCommand("serve", "connect to the server and serve until stopped (emanagementd)"),
		daemonCommand("users", "import users into the index of users (emanagementd)"),
		&cobra.Command{
			Use: "version", Short: "print the version", Args: noArguments, GroupID: groupOthers,
			RunE: func(*cobra.Command, []string) error { return printVersion(std) },
		},
	)
	// The library's own flag would link text/template into the program.
	root.Flags().BoolVar(&wantsVersion, "version", false, "print the version")
	addCompletion(root, std)
	addHelp(root, std, status)
	return root
}

// The groups of commands in the help.
const (
	groupVerbs  = "verbs"
	groupOthers = "others"
)

func printVersion(std streams) error { return std.printLines("emanagement " + version.String()) }

// noArguments refuses arguments.
func noArguments(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%s: %q is one argument too many", c.Name(), args[0])
	}
	return nil
}

const yesUsage = "confirm what the verb destroys"

// declareFlags declares the flags of every command line. The flags of a verb may stand
// before the verb too, when the parser does not know the verb yet. So the root also has
// the flags of all verbs, hidden.
func (l *commandLine) declareFlags(root *cobra.Command) {
	f := root.PersistentFlags()
	f.BoolVar(&l.json, "json", false, "print the result, or the error, as JSON")
	f.BoolVar(&l.wait, "wait", false, "wait for a server that is away, as long as it takes")
	f.StringVar(&l.config, "config", configfile.Path, "find the component by this configuration `FILE`")
	f.StringVar(&l.as, "as", "", "run the verb from anywhere, as the account `JID`")
	f.StringVar(&l.server, "server", "", "`HOST:PORT` of that account's server, if DNS does not name it")
	f.StringVar(&l.component, "component", "", "`JID` of the component, if neither the configuration nor the server names it")
	f.StringVar(&l.passwordFile, "password-file", "", "`FILE` of the account's password (or the environment variable EMANAGEMENT_PASSWORD)")
	_ = root.MarkPersistentFlagFilename("config")        // it exists
	_ = root.MarkPersistentFlagFilename("password-file") // it exists
	root.Flags().BoolVar(&l.yes, verb.YesFlag, false, yesUsage)
	for _, v := range verb.Verbs() {
		for _, p := range v.Flags() {
			if root.Flags().Lookup(p.Name) == nil {
				root.Flags().String(p.Name, "", p.Label)
				_ = root.Flags().MarkHidden(p.Name) // it exists
			}
		}
	}
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return parserError(c.Name(), err)
	})
}

// parserError words an error of the flag parser. command is the name of the command whose
// flags it has parsed.
func parserError(command string, err error) error {
	if unknown, ok := errors.AsType[*pflag.NotExistError](err); ok {
		return fmt.Errorf("--%s: %s has no such flag", unknown.GetSpecifiedName(), command)
	}
	if missing, ok := errors.AsType[*pflag.ValueRequiredError](err); ok {
		return fmt.Errorf("--%s: its value is missing", missing.GetSpecifiedName())
	}
	return err
}

// daemonCommand returns a command that emanagementd carries out.
func daemonCommand(name, short string) *cobra.Command {
	return &cobra.Command{
		Use: name, Short: short, DisableFlagParsing: true, GroupID: groupOthers,
		RunE: func(_ *cobra.Command, args []string) error {
			return sibling.Exec("emanagementd", append([]string{name}, args...))
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if name == "users" && len(args) == 0 {
				return []string{"import"}, cobra.ShellCompDirectiveNoFileComp
			}
			return nil, cobra.ShellCompDirectiveDefault
		},
	}
}

// usageError returns an error of the command line itself as one that can be printed.
func usageError(err error) *wire.Error {
	if e, ok := errors.AsType[*wire.Error](err); ok && e.Kind != wire.Argument {
		return e
	}
	return &wire.Error{Kind: wire.Argument, Text: fmt.Sprintf("%s; 'emanagement help' explains", strings.TrimSpace(err.Error()))}
}
