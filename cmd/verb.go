package cmd

import (
	"context"

	"mellium.im/xmpp/jid"

	"emanagement/rosterpush"
)

// Verb is one entry of the table.
type Verb struct {
	Name    string // as emanagement spelled it
	Summary string // what it does, a short clause
	Help    string // what else there is to know, in sentences
	Role    Role   // who may run it
	Params  []Param
	run     func(ctx context.Context, r *rosterpush.Rosters, a Args) (Result, error)
}

// Param is one parameter of a verb. Its name is that of the argument in
// emanagement's syntax.
type Param struct {
	Name     string
	Label    string // for people
	Kind     Kind
	Required bool
}

// Kind says what values a parameter takes.
type Kind int

// The kinds.
const (
	User         Kind = iota // the bare JID of a user whose roster is meant
	Contact                  // the bare JID of a contact, anywhere
	Text                     // a line of text, may be empty
	Groups                   // group names, any number
	Subscription             // none, to, from or both
)

// Args are a verb's arguments, checked and read. The getters take a
// parameter's name.
type Args struct {
	jids map[string]jid.JID
	text map[string]string
	list map[string][]string
}

func (a Args) jid(name string) jid.JID      { return a.jids[name] }
func (a Args) str(name string) string       { return a.text[name] }
func (a Args) strings(name string) []string { return a.list[name] }
