package ejabberd

import (
	"context"
	"encoding/xml"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"mellium.im/xmpp/stanza"

	"emanagement/component"
	"emanagement/xmpp/address"
	"emanagement/xmpp/command"
)

// adhoc calls the commands through mod_adhoc_api.
type adhoc struct {
	c        *component.Component
	oneGroup *sync.Map // the hosts whose add_rosteritem takes one group
}

// call runs one command, under the names that its arguments had before where the
// server is told to take those (mod_adhoc_api's default_version).
func (a adhoc) call(ctx context.Context, host, name string, args []arg) (answer, error) {
	older := func(args []arg, refusal error) ([]arg, error) {
		if missingArgument(refusal) == "group" {
			a.oneGroup.Store(host, true)
		}
		return inOldForm(args, refusal)
	}
	return inEveryForm(args, older, func(args []arg) (answer, error) { return a.post(ctx, host, name, args) })
}

// post makes one request, once.
func (a adhoc) post(ctx context.Context, host, name string, args []arg) (answer, error) {
	to := address.Domain(host)
	request := command.Command{Node: "api-commands/" + name, Action: command.Execute, Form: &command.Form{Type: command.FormSubmit}}
	for _, g := range args {
		request.Form.Fields = append(request.Form.Fields, command.Field{Var: g.name, Values: g.values()})
	}
	var reply component.Content
	err := a.c.Ask(ctx, stanza.SetIQ, to, component.XML(request), &reply)
	if cond := component.Condition(err); cond != "" {
		// Among others item-not-found: no such command, no mod_adhoc_api, or it
		// crashed in there, or took longer than 5 s.
		return nil, &Error{Command: name, Text: string(cond)}
	}
	if err != nil {
		return nil, err
	}
	return result(name, reply.Tokens)
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

// oldAffiliations is how many columns get_room_affiliations had when it named a user
// by two.
const oldAffiliations = 4

// result is that of an answer, whose tokens reply reads anew each time.
func result(name string, reply func() xml.TokenReader) (answer, error) {
	f, found := seek(xml.NewTokenDecoder(reply()))
	if !found {
		return nil, &Error{Command: name, Text: "an answer without a result"}
	}
	values := fieldAnswer(valuesIn(reply))
	if f.Var == "error" {
		return nil, refusal(name, f.Label, values.list())
	}
	return values, nil
}

// seek goes on to an answer's result: the field after its echo of the
// arguments, whose names it may share. An empty result may have none.
func seek(d *xml.Decoder) (f command.Field, found bool) {
	for {
		tok, err := d.Token()
		if err != nil { // io.EOF
			return command.Field{}, found
		}
		start, ok := tok.(xml.StartElement)
		if !ok || start.Name.Local != "field" {
			continue
		}
		f = head(start)
		if found {
			return f, true
		}
		found = f.Type == command.Fixed && f.Label == "Result"
	}
}

// head is a field without its values.
func head(start xml.StartElement) (f command.Field) {
	for _, a := range start.Attr {
		switch a.Name.Local {
		case "var":
			f.Var = a.Value
		case "type":
			f.Type = a.Value
		case "label":
			f.Label = a.Value
		}
	}
	return f
}

// valuesIn reads the values of an answer's result one by one: of a list of all
// items of all rosters, nothing is kept but the text that came.
func valuesIn(reply func() xml.TokenReader) iter.Seq[string] {
	return func(yield func(string) bool) {
		d := xml.NewTokenDecoder(reply())
		seek(d)
		for {
			tok, err := d.Token()
			if err != nil { // io.EOF
				return
			}
			switch t := tok.(type) {
			case xml.EndElement:
				if t.Name.Local == "field" {
					return
				}
			case xml.StartElement: // there may be a <desc/> too
				var value string
				if t.Name.Local == "value" && (d.DecodeElement(&value, &t) != nil || !yield(value)) {
					return
				}
			}
		}
	}
}

// refusal reads an error, which ejabberd sends as a field of a result.
func refusal(name, label string, words []string) error {
	code, err := strconv.Atoi(strings.TrimPrefix(label, "Error "))
	if err != nil {
		code = 0
	}
	return &Error{Command: name, Code: code, Text: strings.Join(words, " ")}
}

// fieldAnswer is the values of a result's field. One empty value stands for
// none.
type fieldAnswer iter.Seq[string]

func (a fieldAnswer) list() []string {
	list := slices.Collect(iter.Seq[string](a))
	if len(list) == 1 && list[0] == "" {
		return nil
	}
	return list
}

// exact: " : " is between columns, and may be in one.
func (a fieldAnswer) exact() bool { return false }

func (a fieldAnswer) rows(columns ...string) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		for line := range a {
			if line == "" {
				continue
			}
			cells := strings.SplitN(line, " : ", len(columns))
			if old := strings.SplitN(line, " : ", oldAffiliations); columns[0] == "jid" && columns[1] == "affiliation" && len(old) == oldAffiliations && !strings.Contains(old[0], "@") {
				cells = []string{jidOf(old[0], old[1]), old[2], old[3]}
			}
			if len(cells) < len(columns) {
				yield(nil, fmt.Errorf("%q: not %d columns", line, len(columns)))
				return
			}
			r := make(row, len(columns))
			for i, c := range columns {
				r[c] = cells[i]
			}
			if !yield(r, nil) {
				return
			}
		}
	}
}
