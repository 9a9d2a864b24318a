package ejabberd

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
)

// jsonAnswer is a result as mod_http_api sends it. What ejabberd 26.07, 24.12
// and 23.01 were seen to send, where they differ in that order:
//
//	a code (add_rosteritem, kick_session)     0, or 1 for a failure
//	a text with a code (status)               "The node … is started. …"
//	a number (connected_users_number)         1 | 1 | {"num_sessions":1}
//	texts (user_resources, muc_online_rooms)  ["r1"], [] for none
//	rows (user_sessions_info)                 [{"connection":"c2s","port":44538,…}]
//	rows, columns renamed                     get_roster: {"jid","nick","subscription","pending","groups"}
//	                                          | the same | {"jid","nick","subscription","ask","group"}, a row for each group
//	                                          get_room_affiliations: {"jid","affiliation","reason"}
//	                                          | the same | {"username","domain","affiliation","reason"}
//	an error                                  "Room already exists"
//	an error of mod_http_api                  {"status":"error","code":32,"message":"AccessRules: …"}
//
// 26.07 sorts rows, the others do not.
type jsonAnswer []byte // valid

func (a jsonAnswer) decoder() *json.Decoder {
	d := json.NewDecoder(bytes.NewReader(a))
	d.UseNumber()
	return d
}

func (a jsonAnswer) list() []string {
	var value any
	if err := a.decoder().Decode(&value); err != nil {
		return []string{string(a)}
	}
	return elements(value)
}

func elements(value any) []string {
	switch v := value.(type) {
	case nil:
		return nil
	case string:
		if v == "" {
			return nil
		}
	case map[string]any:
		if len(v) == 1 {
			for _, only := range v {
				return elements(only)
			}
		}
	case []any:
		var list []string
		for _, e := range v {
			list = append(list, text(e))
		}
		return list
	}
	return []string{text(value)}
}

func (a jsonAnswer) exact() bool { return true }

// rows decodes one element at a time.
func (a jsonAnswer) rows(columns ...string) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		d := a.decoder()
		if bytes.HasPrefix(bytes.TrimSpace(a), []byte("[")) {
			if _, err := d.Token(); err != nil {
				yield(nil, err)
				return
			}
		}
		for d.More() {
			var element any
			err := d.Decode(&element)
			if err != nil {
				yield(nil, err)
				return
			}
			r, err := rowOf(element, columns)
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

func rowOf(element any, columns []string) (row, error) {
	object, ok := element.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%s: no columns", text(element))
	}
	r := make(row, len(columns))
	for _, c := range columns {
		cell, ok := object[c]
		if !ok {
			cell, ok = oldCell(object, c)
		}
		if !ok {
			return nil, fmt.Errorf("%s: no column %s", text(element), c)
		}
		r[c] = text(cell)
	}
	return r, nil
}

// text is a value as ad-hoc answers write it.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	b, err := json.Marshal(v) // of what was JSON before
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}
