package ejabberd

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"emanagement/fault"
)

// Older versions of ejabberd take other arguments for some commands, and so does a newer
// one that is configured to (mod_adhoc_api's default_version). Measured on 23.01, and on
// 26.07 with each default_version.

// maxDowngrades is the number of arguments of one command that can differ in an older
// version.
const maxDowngrades = 2

// callAnyVersion runs a command. If the server refuses it because it takes an older version
// of an argument, callAnyVersion runs the command again with that version. downgrade
// returns the arguments for that, or nil if the refusal has another cause.
func callAnyVersion(args []arg, downgrade func([]arg, error) ([]arg, error), call func([]arg) (answer, error)) (answer, error) {
	got, err := call(args)
	for range maxDowngrades {
		older, downgradeErr := downgrade(args, err)
		if downgradeErr != nil {
			return nil, downgradeErr
		}
		if older == nil {
			break
		}
		args = older
		got, err = call(args)
	}
	return got, err
}

// olderArgs returns the arguments with the one replaced that the server misses in its older
// version. It returns nil if the refusal has another cause. The server checks the arguments
// first, so it has not carried out anything. Several groups are replaced by none: an
// ejabberd with ad-hoc commands would take their joined names for one group.
func olderArgs(args []arg, refusal error) ([]arg, error) {
	missing := missingArgument(refusal)
	switch {
	case missing == "group": // add_rosteritem, before 24.02
		group := ""
		if groups, _ := argValue(args, "groups").([]string); len(groups) == 1 {
			group = groups[0]
		}
		return append(withoutArgs(args, "groups"), arg{"group", group}), nil
	case missing == "name": // every command on rooms
		return append(withoutArgs(args, "room"), arg{"name", argValue(args, "room")}), nil
	case missing == "jid": // set_room_affiliation
		user := formatJID(fmt.Sprint(argValue(args, "user")), fmt.Sprint(argValue(args, "host")))
		return append(withoutArgs(args, "user", "host"), arg{"jid", user}), nil
	case strings.HasSuffix(missing, "is not in format binary"): // the priority of set_presence
		older := slices.Clone(args)
		for i, g := range older {
			if n, ok := g.value.(int); ok {
				older[i].value = fmt.Sprint(n)
			}
		}
		return older, nil
	}
	return nil, nil
}

// olderArgsWithGroups is olderArgs for a server that itself is old: it splits one text into
// groups, so several groups are joined.
func olderArgsWithGroups(args []arg, refusal error) ([]arg, error) {
	if missingArgument(refusal) == "group" {
		group, err := joinGroups(args)
		return append(withoutArgs(args, "groups"), arg{"group", group}), err
	}
	return olderArgs(args, refusal)
}

// missingArgument returns the argument that the server misses according to its refusal, or
// the whole text of the refusal if it names none. It returns "" if the refusal is not about
// arguments.
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

// joinGroups returns the groups in the form that add_rosteritem takes before 24.02: one
// text, with a semicolon between groups.
func joinGroups(args []arg) (string, error) {
	groups, _ := argValue(args, "groups").([]string)
	for _, g := range groups {
		if strings.Contains(g, ";") {
			return "", &fault.NotPermittedError{
				Host:   fmt.Sprint(argValue(args, "localhost")),
				Reason: fmt.Sprintf("the group %q: an ejabberd before 24.02 takes no ; in a group's name", g),
			}
		}
	}
	return strings.Join(groups, ";"), nil
}

// argValue returns the value of an argument, or nil if there is no such argument.
func argValue(args []arg, name string) any {
	for _, g := range args {
		if g.name == name {
			return g.value
		}
	}
	return nil
}

// withoutArgs returns a copy of the arguments without those that are named.
func withoutArgs(args []arg, names ...string) []arg {
	return slices.DeleteFunc(slices.Clone(args), func(g arg) bool { return slices.Contains(names, g.name) })
}

// olderColumn returns a column that an older ejabberd splits: its get_room_affiliations has
// two columns for a user.
func olderColumn(object map[string]any, column string) (text string, ok bool) {
	user, hasUser := object["username"].(string)
	host, hasHost := object["domain"].(string)
	if column != "jid" || !hasUser || !hasHost {
		return "", false
	}
	return formatJID(user, host), true
}
