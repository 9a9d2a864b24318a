package serverapi

import (
	"context"
	"encoding/xml"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"

	"emanagement/component"
)

// adhoc calls the commands through mod_adhoc_api.
type adhoc struct{ c *component.Component }

type command struct {
	XMLName xml.Name `xml:"http://jabber.org/protocol/commands command"`
	Node    string   `xml:"node,attr"`
	Action  string   `xml:"action,attr,omitempty"`
	Form    form     `xml:"jabber:x:data x"`
}

type form struct {
	Type   string  `xml:"type,attr"`
	Fields []field `xml:"field"`
}

type field struct {
	Var    string   `xml:"var,attr"`
	Type   string   `xml:"type,attr,omitempty"`
	Label  string   `xml:"label,attr,omitempty"`
	Values []string `xml:"value"`
}

func (a adhoc) call(ctx context.Context, host, name string, args []arg) (answer, error) {
	to, err := jid.New("", host, "")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", host, err)
	}
	request := command{Node: "api-commands/" + name, Action: "execute", Form: form{Type: "submit"}}
	for _, g := range args {
		request.Form.Fields = append(request.Form.Fields, field{Var: g.name, Values: g.values()})
	}
	var reply command
	err = a.c.Ask(ctx, stanza.SetIQ, to, component.XML(request), &reply)
	if cond := component.Condition(err); cond != "" {
		// Among others item-not-found: no such command, no mod_adhoc_api, or it
		// crashed in there, or took longer than 5 s.
		return nil, &Error{Command: name, Text: string(cond)}
	}
	if err != nil {
		return nil, err
	}
	return result(name, reply.Form.Fields)
}

func (g arg) values() []string {
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

// result takes the field of an answer that follows its echo of the arguments,
// whose names it may share.
func result(name string, fields []field) (answer, error) {
	for i, f := range fields {
		if f.Type != "fixed" || f.Label != "Result" {
			continue
		}
		if i+1 == len(fields) {
			return fieldAnswer(nil), nil
		}
		if f = fields[i+1]; f.Var == "error" {
			return nil, refusal(name, f)
		}
		return fieldAnswer(f.Values), nil
	}
	return nil, &Error{Command: name, Text: "an answer without a result"}
}

// refusal reads an error, which ejabberd sends as a field of a result.
func refusal(name string, f field) error {
	code, err := strconv.Atoi(strings.TrimPrefix(f.Label, "Error "))
	if err != nil {
		code = 0
	}
	return &Error{Command: name, Code: code, Text: strings.Join(f.Values, " ")}
}

// fieldAnswer is the values of a result's field.
type fieldAnswer []string

// list leaves out the one empty value that stands for an empty list.
func (a fieldAnswer) list() []string {
	if len(a) == 1 && a[0] == "" {
		return nil
	}
	return a
}

// exact: " : " is between columns, and may be in one.
func (a fieldAnswer) exact() bool { return false }

func (a fieldAnswer) rows(columns ...string) ([]map[string]string, error) {
	var rows []map[string]string
	for _, line := range a.list() {
		cells := strings.SplitN(line, " : ", len(columns))
		if len(cells) < len(columns) {
			return nil, fmt.Errorf("%q: not %d columns", line, len(columns))
		}
		row := make(map[string]string, len(columns))
		for i, c := range columns {
			row[c] = cells[i]
		}
		rows = append(rows, row)
	}
	return rows, nil
}
