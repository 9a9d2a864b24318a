package cli

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"emanagement/verb"
)

// bashCompletion is the completion for bash. The library's own takes a JID for three words,
// because bash splits words at @.
//
//go:embed completion.bash
var bashCompletion string

// addCompletion adds the command completion.
func addCompletion(root *cobra.Command, std streams) {
	root.CompletionOptions.DisableDefaultCmd = true
	root.AddCommand(&cobra.Command{
		Use:       "completion bash|zsh|fish",
		Short:     "print completion for a shell",
		Long:      "completion prints a script that completes verbs, flags and values in a shell. These\ncommands load it:\n\n    bash: source <(emanagement completion bash)\n    zsh:  source <(emanagement completion zsh)\n    fish: emanagement completion fish | source",
		GroupID:   groupOthers,
		ValidArgs: []string{"bash", "zsh", "fish"},
		RunE: func(c *cobra.Command, args []string) error {
			switch strings.Join(args, " ") {
			case "bash":
				_, err := fmt.Fprint(std.out, bashCompletion)
				return err
			case "zsh":
				return c.Root().GenZshCompletion(std.out)
			case "fish":
				return c.Root().GenFishCompletion(std.out, true)
			}
			return fmt.Errorf("completion: name a shell: bash, zsh or fish")
		},
	})
}

// completeArgument prints the completions of a verb's argument if args ask for them, and
// reports whether they do. The library would offer flags in their place.
func completeArgument(root *cobra.Command, args []string, std streams) bool {
	if len(args) < 3 || !strings.HasPrefix(args[0], cobra.ShellCompRequestCmd) {
		return false
	}
	c, words, err := root.Traverse(args[1 : len(args)-1])
	if err != nil || c.GroupID != groupVerbs {
		return false
	}
	v, err := verb.FindVerb(c.Name())
	if err != nil || len(words) >= len(v.Places()) {
		return false
	}
	found, directive := completeVerb(c, v, words, args[len(args)-1])
	_ = std.printLines(append(found, fmt.Sprintf(":%d", directive))...) // fails only if the shell has gone
	return true
}

// withPrefix returns the words that begin with a prefix.
func withPrefix(prefix string, words []string) []string {
	return slices.DeleteFunc(slices.Clone(words), func(w string) bool { return !strings.HasPrefix(w, prefix) })
}

// completeVerb returns the completions of the word typed after a verb and other words.
// These are values if the word is an argument, and otherwise flags. An argument such as a
// JID has none.
func completeVerb(c *cobra.Command, v *verb.Verb, words []string, typed string) ([]string, cobra.ShellCompDirective) {
	if p, ok := v.Place(len(words)); ok {
		return withPrefix(typed, p.Kind.Words()), cobra.ShellCompDirectiveNoFileComp
	}
	c.InheritedFlags() // adds them to c.Flags()
	if n := len(words); n > 0 {
		before := c.Flags().Lookup(strings.TrimPrefix(words[n-1], "--"))
		if before != nil && strings.HasPrefix(words[n-1], "--") && before.NoOptDefVal == "" {
			return nil, cobra.ShellCompDirectiveDefault // the value of a flag
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
