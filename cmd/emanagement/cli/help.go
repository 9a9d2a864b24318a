package cli

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"emanagement/verb"
)

// addHelp adds the command help. For an unknown verb, its error has the text of the script
// of 2012.
func addHelp(root *cobra.Command, std streams, status *int) {
	root.SetHelpCommand(&cobra.Command{
		Use: "help [VERB]", Short: "explain this program, or one verb", GroupID: groupOthers,
		ValidArgsFunction: func(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
			var names []string
			for _, v := range verb.Verbs() {
				names = append(names, v.Name)
			}
			if len(args) > 0 {
				names = nil
			}
			return withPrefix(typed, names), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(c *cobra.Command, args []string) error {
			switch len(args) {
			case 0:
				return c.Root().Help()
			case 1:
				if i := slices.IndexFunc(c.Root().Commands(), func(sub *cobra.Command) bool { return sub.Name() == args[0] }); i >= 0 {
					return c.Root().Commands()[i].Help()
				}
				v, err := verb.FindVerb(args[0])
				if err != nil {
					return err
				}
				found, _, err := c.Root().Find([]string{v.Name})
				if err != nil {
					return err
				}
				return found.Help()
			}
			return fmt.Errorf("help: %q is one argument too many", args[1])
		},
	})
}
