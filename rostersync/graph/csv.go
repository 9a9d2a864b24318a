package graph

import (
	"bufio"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
)

// endMark begins the end row of a CSV: #end ROWS.
const endMark = "#end "

// parseCSV reads CSV. Its first record names the columns.
func (p *parser) parseCSV(text *bufio.Reader) error {
	r := csv.NewReader(text)
	r.FieldsPerRecord = -1 // checked here, because an end row has one field
	r.ReuseRecord = true
	var header []string
	for {
		values, err := r.Read()
		if err == io.EOF {
			return nil
		}
		if e, ok := errors.AsType[*csv.ParseError](err); ok {
			if err := p.fault(e.StartLine, max(1, e.Column), "%v", e.Err); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		if header == nil {
			header = slices.Clone(values)
			if faults := headerFaults(header); len(faults) > 0 {
				return p.refuseHeader(text, faults)
			}
			continue
		}
		if err := p.addCSV(r, header, values); err != nil {
			return err
		}
	}
}

// addCSV takes a record of CSV.
func (p *parser) addCSV(r *csv.Reader, header, values []string) error {
	line, _ := r.FieldPos(0)
	if rows, isEnd := strings.CutPrefix(values[0], endMark); isEnd && len(values) == 1 {
		n, err := strconv.Atoi(rows)
		if err != nil {
			return p.fault(line, 1, "%s is not a number of rows", quoted(rows))
		}
		return p.end(line, n)
	}
	if len(values) != len(header) {
		return p.fault(line, 1, "the row has %d fields, and the header has %d", len(values), len(header))
	}
	rec := record{line, make(map[string]field, len(values))}
	for n, value := range values {
		_, column := r.FieldPos(n)
		rec.fields[header[n]] = field{text: value, column: column}
	}
	return p.add(rec)
}

// refuseHeader notes what is wrong with the header, without which nothing can be read. If there
// is nothing after it, it may be cut off.
func (p *parser) refuseHeader(text *bufio.Reader, faults []string) error {
	if err := p.hold(func() error {
		for _, why := range faults {
			p.faults.Add(1, 1, "%s", why)
		}
		return nil
	}); err != nil {
		return err
	}
	p.isFault = true
	rest, err := io.Copy(io.Discard, text)
	if rest > 0 && err == nil {
		err = p.flush()
	}
	return err
}

// headerFaults returns what is wrong with the names of the columns.
func headerFaults(header []string) (faults []string) {
	for n, name := range header {
		switch {
		case !slices.Contains(columns, name):
			faults = append(faults, unknownColumn(name))
		case slices.Contains(header[:n], name):
			faults = append(faults, "the column "+name+" is there twice")
		}
	}
	for _, name := range columns[:2] {
		if !slices.Contains(header, name) {
			faults = append(faults, "the column "+name+" is missing; the first line names the columns: "+strings.Join(columns, ","))
		}
	}
	return faults
}

func unknownColumn(name string) string {
	return "there is no column " + quoted(name) + "; the columns are " + strings.Join(columns, ", ")
}
