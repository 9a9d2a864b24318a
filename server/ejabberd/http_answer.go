package ejabberd

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"strings"

	"emanagement/server"
)

// jsonAnswer is a result as mod_http_api sends it. ejabberd 26.07, 24.12 and 23.01 were
// seen to send the following. If the forms of the versions differ, they are in that order:
//
//	a code (add_rosteritem, kick_session)     0, or 1 for a failure
//	a text with a code (status)               "The node … is started. …"
//	a number (connected_users_number)         1 | 1 | {"num_sessions":1}
//	texts (user_resources, muc_online_rooms)  ["r1"], [] for none
//	records (user_sessions_info)              [{"connection":"c2s","port":44538,…}]
//	records, columns renamed                  get_roster: {"jid","nick","subscription","pending","groups"}
//	                                          | the same | {"jid","nick","subscription","ask","group"}, one record for each group
//	                                          get_room_affiliations: {"jid","affiliation","reason"}
//	                                          | the same | {"username","domain","affiliation","reason"}
//	an error                                  "Room already exists"
//	an error of mod_http_api                  {"status":"error","code":32,"message":"AccessRules: …"}
//
// 26.07 sorts records, the others do not.
type jsonAnswer []byte // valid JSON

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
	return jsonList(value)
}

// jsonList returns the elements of a value, or the value as the only element.
func jsonList(value any) []string {
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
				return jsonList(only)
			}
		}
	case []any:
		var list []string
		for _, e := range v {
			list = append(list, jsonText(e))
		}
		return list
	}
	return []string{jsonText(value)}
}

func (a jsonAnswer) isStructured() bool { return true }

// records decodes one element at a time, to save memory.
func (a jsonAnswer) records(columns ...string) iter.Seq2[record, error] {
	return func(yield func(record, error) bool) {
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
			r, err := jsonRecord(element, columns)
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

// jsonRecord returns the columns of an element.
func jsonRecord(element any, columns []string) (record, error) {
	object, ok := element.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%s: no columns", jsonText(element))
	}
	r := make(record, len(columns))
	for _, c := range columns {
		cell, ok := object[c]
		if !ok {
			cell, ok = olderColumn(object, c)
		}
		if !ok {
			return nil, fmt.Errorf("%s: no column %s", jsonText(element), c)
		}
		r[c] = jsonText(cell)
	}
	return r, nil
}

// jsonText returns a value in the form that it has in the answer of an ad-hoc command.
func jsonText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	b, err := json.Marshal(v) // cannot fail: v was decoded from JSON
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}

// httpRefusal decodes an error. It is an object with a message, or a text. If no
// mod_http_api answers at the URL, it is anything.
func httpRefusal(command string, status int, body []byte) error {
	e := &Error{Command: command, Code: status, HTTP: true}
	var text string
	var object struct {
		Message string
		Code    int
	}
	switch {
	case json.Unmarshal(body, &object) == nil && object.Message != "":
		text = object.Message
	case json.Unmarshal(body, &text) == nil:
	default:
		text = string(body)
	}
	e.Text = server.OneLine(text)
	if strings.HasPrefix(e.Text, "<") { // a web page says nothing about the command
		e.Text = ""
	}
	if e.Text == "unknown_command" { // the module of the command is not loaded
		e.Code = 0
	}
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		e.Code = Forbidden
	case http.StatusNotFound:
		// A "not found" of the command itself is a JSON text. One of mod_http_api has a
		// code, and one of another web server is not JSON.
		if object.Code != 0 || text == string(body) {
			e.Code = 0
		}
	}
	if e.Text == "" {
		e.Text = cmp.Or(http.StatusText(status), "a refusal without a text")
	}
	return e
}
