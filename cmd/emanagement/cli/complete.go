package cli

import (
	_ "embed"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"emanagement/verb"
)

// bash is the completion for bash. The library's own takes a JID for three words,
// because bash cuts words at @.
//
//go:embed completion.bash
var bash string

// addCompletion adds the command completion.
func addCompletion(root *cobra.Command, std streams) {
	root.CompletionOptions.DisableDefaultCmd = true
	root.AddCommand(&cobra.Command{
		Use:       "completion bash|zsh|fish",
		Short:     "print completion for a shell",
		Long:      "completion prints a script that completes verbs, flags and values in a shell:\n\n  bash: source <(emanagement completion bash)\n  zsh:  source <(emanagement completion zsh)\n  fish: emanagement completion fish | source",
		GroupID:   groupOthers,
		ValidArgs: []string{"bash", "zsh", "fish"},
		RunE: func(c *cobra.Command, args []string) error {
			switch strings.Join(args, " ") {
			case "bash":
				_, err := fmt.Fprint(std.out, bash)
				return err
			case "zsh":
				return c.Root().GenZshCompletion(std.out)
			case "fish":
				return c.Root().GenFishCompletion(std.out, true)
			}
			return fmt.Errorf("completion: to be followed by bash, zsh or fish")
		},
	})
}

// completeVerb lists what can stand behind a verb and some words. In one of its places,
// it is a value of the parameter's kind; there are none for a JID.
func completeVerb(c *cobra.Command, v *verb.Verb, words []string, typed string) ([]string, cobra.ShellCompDirective) {
	if p, ok := v.Place(len(words)); ok {
		return p.Kind.Words(), cobra.ShellCompDirectiveNoFileComp
	}
	c.InheritedFlags() // has c.Flags() know them
	if n := len(words); n > 0 {
		before := c.Flags().Lookup(strings.TrimPrefix(words[n-1], "--"))
		if before != nil && strings.HasPrefix(words[n-1], "--") && before.NoOptDefVal == "" {
			return nil, cobra.ShellCompDirectiveDefault // the flag's own value
		}
	}
	if strings.HasPrefix(typed, "-") {
		return nil, cobra.ShellCompDirectiveNoFileComp // the library completes flags
	}
	var names []string
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, "--"+f.Name+"\t"+f.Usage)
		}
	})
	return names, cobra.ShellCompDirectiveNoFileComp
}
