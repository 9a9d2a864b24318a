package verb

import (
	"fmt"
	"strings"
)

// YesFlag confirms a verb that destroys much, whatever else it takes.
const YesFlag = "yes"

// ReadFlags reads the words that follow a verb's arguments, --name value or
// --name=value, and adds what they say to the values. yes says that one of
// them is --yes. The error is a
// *wire.Error: of the kind Usage for a word that is not a flag, else Argument.
func (v *Verb) ReadFlags(words []string, values map[string][]string) (yes bool, err error) {
	for len(words) > 0 {
		word := words[0]
		words = words[1:]
		name, isFlag := flagName(word)
		if !isFlag {
			return false, v.Usage()
		}
		name, value, inside := strings.Cut(name, "=")
		if strings.EqualFold(name, YesFlag) && !inside {
			yes = true
			continue
		}
		p, ok := v.flag(name)
		switch {
		case !ok:
			return false, BadArgument(word, v.takesFlags())
		case values[p.Name] != nil:
			return false, BadArgument(word, "it is there twice")
		case !inside && len(words) == 0:
			return false, BadArgument(word, "its value is missing")
		case !inside:
			value, words = words[0], words[1:]
		}
		values[p.Name] = []string{value}
	}
	return yes, nil
}

// flagName takes the dashes off a flag. The keyboards of phones make one of
// two.
func flagName(word string) (string, bool) {
	for _, dashes := range []string{"--", "—", "–"} {
		if name, ok := strings.CutPrefix(word, dashes); ok && name != "" {
			return name, true
		}
	}
	return "", false
}

// flag finds a flag by its name, in whichever case.
func (v *Verb) flag(name string) (Param, bool) {
	for _, p := range v.Flags() {
		if strings.EqualFold(p.Name, name) {
			return p, true
		}
	}
	return Param{}, false
}

// takesFlags says which flags there are.
func (v *Verb) takesFlags() string {
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
