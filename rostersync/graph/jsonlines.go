package graph

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"unicode/utf8"
)

// maxLine limits a line of JSON, in bytes.
const maxLine = 1 << 20

// parseJSON reads JSON Lines: one object a line.
func (p *parser) parseJSON(text *bufio.Reader) error {
	lines := bufio.NewScanner(text)
	lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	for line := 1; lines.Scan(); line++ {
		if err := p.addJSON(line, lines.Bytes()); err != nil {
			return err
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return fmt.Errorf("%s: a line has more than %d bytes", p.faults.Name, maxLine)
	}
	return lines.Err()
}

// addJSON takes a line.
func (p *parser) addJSON(line int, text []byte) error {
	if len(bytes.TrimSpace(text)) == 0 {
		return nil
	}
	if !utf8.Valid(text) {
		return p.fault(line, 1, "it is not UTF-8")
	}
	rec := record{line, make(map[string]field)}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if token, err := d.Token(); err != nil || token != json.Delim('{') {
		return p.fault(line, int(d.InputOffset())+1, "%s", notJSON(err, "it is not an object"))
	}
	for d.More() {
		column := int(d.InputOffset()) + 1
		name, _ := d.Token() // an object's names are strings, or there is an error below
		var value any
		if err := d.Decode(&value); err != nil {
			return p.fault(line, int(d.InputOffset())+1, "%s", notJSON(err, ""))
		}
		if name == "end" {
			return p.endJSON(line, value, len(rec.fields) > 0, d)
		}
		key := fmt.Sprint(name)
		if !slices.Contains(columns, key) {
			return p.fault(line, column, "%s", unknownColumn(key))
		}
		if _, twice := rec.fields[key]; twice {
			return p.fault(line, column, "%s: it is there twice", key)
		}
		f, ok := fieldOf(value, key)
		if !ok {
			return p.fault(line, column, "%s: it is not text", key)
		}
		f.column = column
		rec.fields[key] = f
	}
	if _, err := d.Token(); err != nil {
		return p.fault(line, int(d.InputOffset())+1, "%s", notJSON(err, ""))
	}
	if _, err := d.Token(); err != io.EOF {
		return p.fault(line, int(d.InputOffset())+1, "there is more after the object")
	}
	return p.add(rec)
}

// endJSON takes {"end": ROWS}.
func (p *parser) endJSON(line int, value any, more bool, d *json.Decoder) error {
	number, isNumber := value.(json.Number)
	rows, err := strconv.Atoi(number.String())
	brace, _ := d.Token()
	if !isNumber || err != nil || more || brace != json.Delim('}') {
		return p.fault(line, 1, "an end row has nothing but the number of rows")
	}
	return p.end(line, rows)
}

// fieldOf returns a value of JSON as a field. A number may be a key of the application.
func fieldOf(value any, name string) (field, bool) {
	switch v := value.(type) {
	case nil:
		return field{}, name != "type"
	case string:
		if isGroups(name) {
			return field{list: []string{v}}, true
		}
		return field{text: v}, true
	case json.Number:
		return field{text: v.String()}, name == "user_id" || name == "contact_id"
	case []any:
		f := field{list: []string{}}
		for _, one := range v {
			text, ok := one.(string)
			if !ok {
				return field{}, false
			}
			f.list = append(f.list, text)
		}
		return f, isGroups(name)
	}
	return field{}, false
}

func isGroups(column string) bool { return column == "user_group" || column == "contact_group" }

// notJSON words an error of the decoder.
func notJSON(err error, otherwise string) string {
	if err == nil {
		return otherwise
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "it is not JSON: the object does not end"
	}
	return "it is not JSON: " + err.Error()
}
