package ejabberd

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"emanagement/fault"
)

// oldForms is how many arguments of one command can have had another form.
const oldForms = 2

// inEveryForm runs a command, and again in the form that its arguments had before
// where older says that the refusal asks for that.
func inEveryForm(args []arg, older func([]arg, error) ([]arg, error), run func([]arg) (answer, error)) (answer, error) {
	got, err := run(args)
	for range oldForms {
		old, oerr := older(args, err)
		if oerr != nil {
			return nil, oerr
		}
		if old == nil {
			break
		}
		args = old
		got, err = run(args)
	}
	return got, err
}

// inOldForm looks at a refusal for the argument that an older form of the command
// misses, and returns the arguments with that one as it was then; nil where the
// refusal is another one. Nothing has been done then, for a server looks at the
// arguments first. Measured on 23.01, and on 26.07 with each default_version. Of
// several groups none is written: an ejabberd with ad-hoc commands would take them
// for one.
func inOldForm(args []arg, refusal error) ([]arg, error) {
	missing := missingArgument(refusal)
	switch {
	case missing == "group": // add_rosteritem, before 24.02
		group := ""
		if groups, _ := value(args, "groups").([]string); len(groups) == 1 {
			group = groups[0]
		}
		return append(without(args, "groups"), arg{"group", group}), nil
	case missing == "name": // all that is about rooms
		return append(without(args, "room"), arg{"name", value(args, "room")}), nil
	case missing == "jid": // set_room_affiliation
		who := jidOf(fmt.Sprint(value(args, "user")), fmt.Sprint(value(args, "host")))
		return append(without(args, "user", "host"), arg{"jid", who}), nil
	case strings.HasSuffix(missing, "is not in format binary"): // set_presence's priority
		old := slices.Clone(args)
		for i, g := range old {
			if n, ok := g.value.(int); ok {
				old[i].value = fmt.Sprint(n)
			}
		}
		return old, nil
	}
	return nil, nil
}

// inOldFormJoined is inOldForm for a server that is that old: it splits one text
// into groups.
func inOldFormJoined(args []arg, refusal error) ([]arg, error) {
	if missingArgument(refusal) == "group" {
		group, err := oneGroup(args)
		return append(without(args, "groups"), arg{"group", group}), err
	}
	return inOldForm(args, refusal)
}

// missingArgument is the argument that a refusal says is missing, or all that it
// says; "" where it is no complaint about arguments.
func missingArgument(refusal error) string {
	e, ok := errors.AsType[*Error](refusal)
	if !ok || e.Code != 400 {
		return ""
	}
	if _, missing, ok := strings.Cut(e.Text, "missing argument: "); ok {
		return missing
	}
	return e.Text
}

// oneGroup is all groups as the one text that add_rosteritem took.
func oneGroup(args []arg) (string, error) {
	groups, _ := value(args, "groups").([]string)
	for _, g := range groups {
		if strings.Contains(g, ";") {
			return "", &fault.NotPermittedError{
				Host: fmt.Sprint(value(args, "localhost")),
				What: fmt.Sprintf("the group %q: an ejabberd before 24.02 takes no ; in a group's name", g),
			}
		}
	}
	return strings.Join(groups, ";"), nil
}

// value is that of one argument, nil where it is not there.
func value(args []arg, name string) any {
	for _, g := range args {
		if g.name == name {
			return g.value
		}
	}
	return nil
}

// without is a copy of the arguments less some.
func without(args []arg, names ...string) []arg {
	return slices.DeleteFunc(slices.Clone(args), func(g arg) bool { return slices.Contains(names, g.name) })
}

// oldCell is what a row of an older ejabberd's has in place of a column:
// get_room_affiliations names users by two.
func oldCell(object map[string]any, column string) (cell string, ok bool) {
	user, hasUser := object["username"].(string)
	host, hasHost := object["domain"].(string)
	if column != "jid" || !hasUser || !hasHost {
		return "", false
	}
	return jidOf(user, host), true
}

// jidOf is the JID of a user, or of a host where there is none.
func jidOf(user, host string) string {
	if user == "" {
		return host
	}
	return user + "@" + host
}
