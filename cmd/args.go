package cmd

import (
	"fmt"
	"slices"
	"strings"

	"mellium.im/xmpp/jid"

	"emanagement/rosterpush"
)

// ArgError refuses an argument: missing, or not what its parameter takes.
// Nothing was done.
type ArgError struct {
	Param string
	Why   string
}

func (e *ArgError) Error() string { return e.Param + ": " + e.Why }

// parse reads a verb's arguments from their text. A parameter takes one value,
// Groups any number. Values of no parameter are left out.
func (v *Verb) parse(values map[string][]string) (Args, error) {
	a := Args{jids: make(map[string]jid.JID), text: make(map[string]string), list: make(map[string][]string)}
	for _, p := range v.Params {
		if err := a.read(p, values[p.Name]); err != nil {
			return Args{}, &ArgError{p.Name, err.Error()}
		}
	}
	return a, nil
}

func (a Args) read(p Param, values []string) error {
	if p.Kind == Groups {
		a.list[p.Name] = values
		return nil
	}
	if len(values) > 1 {
		return fmt.Errorf("one value is enough, here are %d", len(values))
	}
	value := ""
	if len(values) == 1 {
		value = values[0]
	}
	if p.Required && strings.TrimSpace(value) == "" {
		return fmt.Errorf("a value is missing")
	}
	switch p.Kind {
	case User, Contact:
		j, err := parseJID(value, p.Kind)
		a.jids[p.Name] = j
		return err
	case Subscription:
		if !slices.Contains(rosterpush.Subscriptions(), rosterpush.Subscription(value)) {
			return fmt.Errorf("%q is not a subscription (none, to, from, both)", value)
		}
	}
	a.text[p.Name] = value
	return nil
}

// parseJID reads a bare JID; a resource is left out, for rosters know none.
func parseJID(value string, k Kind) (jid.JID, error) {
	j, err := jid.Parse(strings.TrimSpace(value))
	if err != nil {
		return jid.JID{}, fmt.Errorf("%q is not a JID", value)
	}
	if k == User && j.Localpart() == "" {
		return jid.JID{}, fmt.Errorf("%q is not a user's JID (user@host)", value)
	}
	return j.Bare(), nil
}
