package graph

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"mellium.im/xmpp/jid"

	"emanagement/xmpp/address"
)

// columns are the names of the columns, in the order in which they are written.
var columns = []string{"user", "contact", "type", "user_nick", "contact_nick", "user_group", "contact_group", "user_id", "contact_id"}

// parser makes rows of records. It holds each record back until the next one, because the
// last one may be cut off.
type parser struct {
	options Options
	faults  Faults
	emit    func(Row) error

	held    func() error // emits the record that was read last, or notes its fault; nil: none
	isFault bool         // the record that is held back cannot be read
	rows    int
	endRow  *endRow
}

// endRow is the row that says how many rows come before it.
type endRow struct{ line, says, rows int }

// isRight reports whether there are as many rows as the end row says.
func (e *endRow) isRight() bool { return e != nil && e.says == e.rows }

// field is a value of a record. Its groups are set if the format has lists.
type field struct {
	text   string
	list   []string
	column int // where it stands in the line, in bytes from 1
}

// record is what one row of the input says, by column.
type record struct {
	line   int
	fields map[string]field
}

// parse reads the whole text.
func (p *parser) parse(text *bufio.Reader) error {
	if bom, err := text.Peek(3); err == nil && string(bom) == "\ufeff" {
		_, _ = text.Discard(3) // they are buffered
	}
	next, err := text.Peek(1)
	switch {
	case err == io.EOF:
		return nil
	case err != nil:
		return err
	case next[0] == '{':
		return p.parseJSON(text)
	case !bytes.ContainsAny(next, " \t\r\n"):
		return p.parseCSV(text)
	}
	// Neither format minds empty lines, but the lines of faults would be wrong after them.
	p.faults.Add(1, 1, "the input begins with a blank")
	return nil
}

// hold emits the record before, and holds this one back.
func (p *parser) hold(next func() error) error {
	err := p.flush()
	p.held, p.isFault = next, false
	return err
}

// flush emits the record that is held back.
func (p *parser) flush() error {
	held := p.held
	p.held = nil
	if held == nil {
		return nil
	}
	return held()
}

// dropLast forgets the record that is held back.
func (p *parser) dropLast() { p.held = nil }

// add takes a record.
func (p *parser) add(r record) error {
	if p.endRow != nil {
		return p.fault(r.line, 1, "there is a row after the end row")
	}
	return p.hold(func() error {
		p.rows++
		row, ok := p.row(r)
		if !ok {
			return nil
		}
		return p.emit(row)
	})
}

// end takes an end row, which says how many rows come before it.
func (p *parser) end(line, rows int) error {
	err := p.flush()
	p.endRow = &endRow{line: line, says: rows, rows: p.rows}
	return err
}

// fault takes a record that cannot be read.
func (p *parser) fault(line, column int, format string, args ...any) error {
	err := p.hold(func() error {
		p.rows++
		p.faults.Add(line, column, format, args...)
		return nil
	})
	p.isFault = true
	return err
}

// row makes a row of a record. ok is false if it has a mistake.
func (p *parser) row(r record) (row Row, ok bool) {
	row = Row{
		Line: r.line, Type: r.fields["type"].text, UserNick: r.fields["user_nick"].text, ContactNick: r.fields["contact_nick"].text,
		UserID: r.fields["user_id"].text, ContactID: r.fields["contact_id"].text,
	}
	before := p.faults.Count
	fault := func(name string, err error) {
		if err != nil {
			p.faults.Add(r.line, max(1, r.fields[name].column), "%s: %v", name, err)
		}
	}
	var err error
	row.User, err = p.jid(r.fields["user"].text)
	fault("user", err)
	row.Contact, err = p.jid(r.fields["contact"].text)
	fault("contact", err)
	if _, typed := r.fields["type"]; !typed {
		row.Type = Both
	}
	if !slices.Contains([]string{Both, From, To, None}, row.Type) {
		fault("type", fmt.Errorf("%s is none of both, from, to, none", quoted(row.Type)))
	}
	row.UserGroups, row.ContactGroups = p.groups(r.fields["user_group"]), p.groups(r.fields["contact_group"])
	fault("user_nick", p.check(row.UserNick, nil))
	fault("contact_nick", p.check(row.ContactNick, nil))
	fault("user_group", p.check("", row.UserGroups))
	fault("contact_group", p.check("", row.ContactGroups))
	if p.faults.Count == before {
		fault("user", p.checkUser(row.User))
		if row.User.Equal(row.Contact) {
			fault("contact", errors.New("it is the user"))
		}
	}
	return row, p.faults.Count == before
}

// jid reads a bare JID. A new one is prepared as the server prepares it; one that a server may
// have stored earlier keeps its spelling.
func (p *parser) jid(text string) (jid.JID, error) {
	switch j, err := address.Parse(text); {
	case text == "":
		return jid.JID{}, errors.New("it is missing")
	case err != nil:
		if j, err := address.ParseStored(text); err == nil && j.Resourcepart() == "" {
			return j, nil
		}
		return jid.JID{}, fmt.Errorf("%s is %w", quoted(text), err)
	case j.Resourcepart() != "":
		return jid.JID{}, fmt.Errorf("%s has a resource; rosters have bare JIDs", quoted(text))
	default:
		return address.Account(j.Localpart(), p.options.Spelling(j.Domainpart())), nil
	}
}

func (p *parser) checkUser(user jid.JID) error {
	if user.Localpart() == "" {
		return fmt.Errorf("%s is not a user's JID (user@%s)", quoted(user.String()), p.options.Host)
	}
	if user.Domainpart() != p.options.Host {
		return fmt.Errorf("%s is not a user of %s", quoted(user.String()), p.options.Host)
	}
	return nil
}

func (p *parser) check(nick string, groups []string) error {
	for _, text := range append([]string{nick}, groups...) {
		if !utf8.ValidString(text) {
			return fmt.Errorf("%s is not UTF-8", quoted(text))
		}
	}
	if p.options.Check == nil {
		return nil
	}
	return p.options.Check(nick, groups)
}

// groups returns the groups of a field, sorted, without empty ones and duplicates.
func (p *parser) groups(f field) []string {
	groups := f.list
	switch {
	case f.text == "":
	case p.options.GroupSeparator != "":
		groups = strings.Split(f.text, p.options.GroupSeparator)
	default:
		groups = []string{f.text}
	}
	groups = slices.DeleteFunc(slices.Clone(groups), func(g string) bool { return g == "" })
	slices.Sort(groups)
	return slices.Compact(groups)
}

// maxQuoted limits how much of a wrong value a fault shows, in characters.
const maxQuoted = 60

func quoted(text string) string {
	if r := []rune(text); len(r) > maxQuoted {
		text = string(r[:maxQuoted]) + "…"
	}
	return fmt.Sprintf("%q", text)
}
