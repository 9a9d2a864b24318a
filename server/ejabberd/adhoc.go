package ejabberd

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"mellium.im/xmpp/stanza"

	"emanagement/component"
	"emanagement/xmpp/address"
	"emanagement/xmpp/command"
)

// adhoc runs commands as ad-hoc commands (XEP-0050), through mod_adhoc_api.
type adhoc struct {
	component   *component.Component
	singleGroup *sync.Map // the hosts whose add_rosteritem takes one group only
}

func newAdhoc(c *component.Component) adhoc { return adhoc{c, new(sync.Map)} }

// call runs a command, with older arguments if the server is configured to take those
// (mod_adhoc_api's default_version).
func (a adhoc) call(ctx context.Context, host, name string, args []arg) (answer, error) {
	downgrade := func(args []arg, refusal error) ([]arg, error) {
		if missingArgument(refusal) == "group" {
			a.singleGroup.Store(host, true)
		}
		return olderArgs(args, refusal)
	}
	return callAnyVersion(args, downgrade, func(args []arg) (answer, error) { return a.submit(ctx, host, name, args) })
}

// submit sends one request, once.
func (a adhoc) submit(ctx context.Context, host, name string, args []arg) (answer, error) {
	to := address.Domain(host)
	request := command.Command{Node: "api-commands/" + name, Action: command.Execute, Form: &command.Form{Type: command.FormSubmit}}
	for _, g := range args {
		request.Form.Fields = append(request.Form.Fields, command.Field{Var: g.name, Values: g.formValues()})
	}
	var reply component.Content
	err := a.component.Ask(ctx, stanza.SetIQ, to, component.Written(request.Append(nil)), &reply)
	if cond := component.Condition(err); cond != "" {
		// item-not-found, for one, has several causes: the server has no such command
		// or no mod_adhoc_api, or the command crashed or took longer than 5 s.
		return nil, &Error{Command: name, Text: string(cond)}
	}
	if err != nil {
		return nil, err
	}
	return adhocResult(name, reply)
}

// formValues returns the values of the form field for an argument.
func (g arg) formValues() []string {
	switch v := g.value.(type) {
	case []string:
		return v
	case map[string]string:
		var pairs []string
		for _, name := range slices.Sorted(maps.Keys(v)) {
			pairs = append(pairs, name+":"+v[name])
		}
		return pairs
	default:
		return []string{fmt.Sprint(v)}
	}
}
