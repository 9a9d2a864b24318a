package ejabberd

import (
	"encoding/xml"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"

	"emanagement/xmpp/command"
	"emanagement/xmpp/markup"
)

// reply is an answer that can be read more than once. component.Content is one.
type reply interface {
	Plain() *markup.Reader
	Tokens() xml.TokenReader
}

// adhocResult returns the result in an answer.
func adhocResult(name string, r reply) (answer, error) {
	f, found, plain := plainResult(r.Plain())
	values := fieldAnswer(slices.Values(f.Values))
	if !plain {
		if err := checkWellFormed(r.Tokens()); err != nil {
			return nil, &Error{Command: name, Text: "an answer that cannot be read"}
		}
		f, found = seekResult(xml.NewTokenDecoder(r.Tokens()))
		values = fieldAnswer(resultValues(r))
	}
	if !found {
		return nil, &Error{Command: name, Text: "an answer without a result"}
	}
	if f.Var == "error" {
		return nil, adhocRefusal(name, f.Label, values.list())
	}
	return values, nil
}

// checkWellFormed reads all of an answer. Of one with an error in its middle, the part before
// would look like a shorter result.
func checkWellFormed(r xml.TokenReader) error {
	for {
		if _, err := r.Token(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// plainResult returns the field with the result, with its values. ok is false if the answer
// is not plain XML up to there.
func plainResult(r *markup.Reader) (f command.Field, found, ok bool) {
	for k := r.Next(); k != markup.None; k = r.Next() {
		if _, local := r.Name(); k != markup.Start || local != "field" {
			continue
		}
		f = command.Field{Var: r.Attr("var"), Type: r.Attr("type"), Label: r.Attr("label")}
		if found {
			f.Values, ok = plainValues(r)
			return f, true, ok
		}
		found = f.Type == command.Fixed && f.Label == "Result"
	}
	return command.Field{}, found, r.IsPlain()
}

// plainValues returns the values of the field whose Start was read last.
func plainValues(r *markup.Reader) (values []string, ok bool) {
	for r.Child() {
		_, local := r.Name()
		text, ok := r.Content()
		if !ok {
			return nil, false
		}
		if local == "value" {
			values = append(values, text)
		}
	}
	return values, r.IsPlain()
}

// seekResult reads on to the field with the result. An answer repeats the arguments first,
// and a result's field may have the name of an argument. An empty result may have no field.
func seekResult(d *xml.Decoder) (f command.Field, found bool) {
	for {
		tok, err := d.Token()
		if err != nil { // io.EOF
			return command.Field{}, found
		}
		start, ok := tok.(xml.StartElement)
		if !ok || start.Name.Local != "field" {
			continue
		}
		f = fieldOf(start)
		if found {
			return f, true
		}
		found = f.Type == command.Fixed && f.Label == "Result"
	}
}

// fieldOf returns a field from its start element, without its values.
func fieldOf(start xml.StartElement) (f command.Field) {
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

// resultValues decodes the values of a result one by one. A list of all items of all
// rosters is long, so only its text is kept in memory.
func resultValues(r reply) iter.Seq[string] {
	return func(yield func(string) bool) {
		d := xml.NewTokenDecoder(r.Tokens())
		seekResult(d)
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
			case xml.StartElement: // a <value/>, or a <desc/>
				var value string
				if t.Name.Local == "value" && (d.DecodeElement(&value, &t) != nil || !yield(value)) {
					return
				}
			}
		}
	}
}

// adhocRefusal decodes an error, which ejabberd sends as a field of a result.
func adhocRefusal(name, label string, values []string) error {
	code, err := strconv.Atoi(strings.TrimPrefix(label, "Error "))
	if err != nil {
		code = 0
	}
	return &Error{Command: name, Code: code, Text: strings.Join(values, " ")}
}

// fieldAnswer is the values of a result's field. A single empty value means that there is
// none.
type fieldAnswer iter.Seq[string]

func (a fieldAnswer) list() []string {
	list := slices.Collect(iter.Seq[string](a))
	if len(list) == 1 && list[0] == "" {
		return nil
	}
	return list
}

// columnSeparator separates the columns of a value. It may also occur in a column.
const columnSeparator = " : "

func (a fieldAnswer) isStructured() bool { return false }

func (a fieldAnswer) records(columns ...string) iter.Seq2[record, error] {
	return func(yield func(record, error) bool) {
		for line := range a {
			if line == "" {
				continue
			}
			cells := olderAffiliation(line, columns)
			if cells == nil {
				cells = strings.SplitN(line, columnSeparator, len(columns))
			}
			if len(cells) < len(columns) {
				yield(nil, fmt.Errorf("%q: not %d columns", line, len(columns)))
				return
			}
			r := make(record, len(columns))
			for i, c := range columns {
				r[c] = cells[i]
			}
			if !yield(r, nil) {
				return
			}
		}
	}
}

// olderAffiliationColumns is the number of columns of get_room_affiliations in its older
// version, which has two columns for a user.
const olderAffiliationColumns = 4

// olderAffiliation returns the columns of a line in the older version of
// get_room_affiliations, or nil if it is not such a line.
func olderAffiliation(line string, columns []string) []string {
	if len(columns) < 2 || columns[0] != "jid" || columns[1] != "affiliation" {
		return nil
	}
	cells := strings.SplitN(line, columnSeparator, olderAffiliationColumns)
	if len(cells) < olderAffiliationColumns || strings.Contains(cells[0], "@") {
		return nil
	}
	return []string{formatJID(cells[0], cells[1]), cells[2], cells[3]}
}
