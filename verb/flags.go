package verb

import (
	"fmt"
	"strings"
)

// YesFlag is the flag that confirms a verb that destroys much. Every verb accepts it.
const YesFlag = "yes"

// ReadFlags parses the words that follow a verb's arguments, --name value or --name=value,
// and adds their values to values. yes reports whether --yes is among them. The error is a
// *wire.Error: of the kind Usage for a word that is not a flag, else of the kind Argument.
func (v *Verb) ReadFlags(words []string, values map[string][]string) (yes bool, err error) {
	for len(words) > 0 {
		word := words[0]
		words = words[1:]
		name, isFlag := flagName(word)
		if !isFlag {
			return false, v.Usage()
		}
		name, value, hasValue := strings.Cut(name, "=")
		if strings.EqualFold(name, YesFlag) && !hasValue {
			yes = true
			continue
		}
		p, ok := v.flag(name)
		switch {
		case !ok:
			return false, BadArgument(word, v.listFlags())
		case values[p.Name] != nil:
			return false, BadArgument(word, "the flag is given twice")
		case !hasValue && len(words) == 0:
			return false, BadArgument(word, "its value is missing")
		case !hasValue:
			value, words = words[0], words[1:]
		}
		values[p.Name] = []string{value}
	}
	return yes, nil
}

// flagName returns a flag without its dashes. isFlag is false for any other word. The
// keyboards of phones replace two hyphens by one dash.
func flagName(word string) (name string, isFlag bool) {
	for _, dashes := range []string{"--", "—", "–"} {
		if name, ok := strings.CutPrefix(word, dashes); ok && name != "" {
			return name, true
		}
	}
	return "", false
}

// flag returns the flag of that name, in upper or lower case.
func (v *Verb) flag(name string) (Param, bool) {
	for _, p := range v.Flags() {
		if strings.EqualFold(p.Name, name) {
			return p, true
		}
	}
	return Param{}, false
}

// listFlags lists the verb's flags in a sentence.
func (v *Verb) listFlags() string {
	var names []string
	for _, p := range v.Flags() {
		names = append(names, "--"+p.Name)
	}
	if v.Destroys() {
		names = append(names, "--"+YesFlag)
	}
	if len(names) == 0 {
		return fmt.Sprintf("%s takes no flags", v.Name)
	}
	return fmt.Sprintf("%s takes %s", v.Name, strings.Join(names, ", "))
}
