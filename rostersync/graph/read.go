package graph

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
)

// Input is where rows come from.
type Input struct {
	Name   string // for faults: the name of a file
	Reader io.Reader
	// Whole says, after the reader's end, whether the input was complete: nil, or why it may
	// not be. If Whole is nil, only an end row shows that.
	Whole func() error
	// Stop ends a read under way, with an error. It may be nil.
	Stop func()
}

// Options say how to read.
type Options struct {
	Host           string // the host of all users
	GroupSeparator string // between the groups of a field in CSV; empty: a field is one group
	// Check returns why a nick or a group cannot be stored. It may be nil.
	Check func(nick string, groups []string) error
	// Spelling returns a host as its server spells it. It may be nil.
	Spelling func(host string) string
}

// Summary is what was read.
type Summary struct {
	Rows int
	// Incomplete says why rows may be missing. It is empty if the input was complete.
	Incomplete string
}

// Read reads all rows, and calls emit with each one. An input that was cut off is no mistake:
// the summary says so, and the row in the middle of which it ends is left out.
//
// The error is a *Faults if there are mistakes in the input. Rows without a mistake are
// emitted all the same. Other errors are those of emit, which ends the reading, and of the
// reader.
func Read(in Input, o Options, emit func(Row) error) (Summary, error) {
	if o.Spelling == nil {
		o.Spelling = func(host string) string { return host }
	}
	text := &source{reader: in.Reader}
	plain, err := text.decompress()
	if err != nil {
		return Summary{}, fmt.Errorf("%s: %w", in.Name, err)
	}
	p := &parser{options: o, faults: Faults{Name: cmp.Or(in.Name, "input")}, emit: emit}
	if err := p.parse(bufio.NewReaderSize(plain, 64<<10)); err != nil {
		return Summary{}, err
	}
	incomplete := p.incomplete(text.cut, in.Whole)
	switch {
	case incomplete != "" && (p.isFault || text.last != '\n'):
		p.dropLast()
	case p.endRow != nil && !p.endRow.isRight():
		p.faults.Add(p.endRow.line, 1, "the end row says that there are %d rows, and there are %d", p.endRow.says, p.endRow.rows)
	}
	if err := p.flush(); err != nil {
		return Summary{}, err
	}
	if p.faults.Count > 0 {
		return Summary{}, &p.faults
	}
	return Summary{Rows: p.rows, Incomplete: incomplete}, nil
}

// incomplete says why rows may be missing at the end of the text.
func (p *parser) incomplete(cut string, whole func() error) string {
	switch {
	case cut != "":
		return cut
	case p.endRow.isRight():
		return ""
	case whole == nil:
		return "nothing says that the input is complete"
	}
	if err := whole(); err != nil {
		return err.Error()
	}
	return ""
}
