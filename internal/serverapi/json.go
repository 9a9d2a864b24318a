package serverapi

import (
	"encoding/json"
	"fmt"
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
type jsonAnswer struct{ value any }

func (a jsonAnswer) list() []string {
	switch v := a.value.(type) {
	case nil:
		return nil
	case string:
		if v == "" {
			return nil
		}
	case map[string]any:
		if len(v) == 1 {
			for _, only := range v {
				return jsonAnswer{only}.list()
			}
		}
	case []any:
		var list []string
		for _, e := range v {
			list = append(list, text(e))
		}
		return list
	}
	return []string{text(a.value)}
}

func (a jsonAnswer) exact() bool { return true }

func (a jsonAnswer) rows(columns ...string) ([]map[string]string, error) {
	elements, ok := a.value.([]any)
	if !ok {
		elements = []any{a.value}
	}
	var rows []map[string]string
	for _, e := range elements {
		object, ok := e.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("%s: no columns", text(e))
		}
		row := make(map[string]string, len(columns))
		for _, c := range columns {
			cell, ok := object[c]
			if !ok {
				return nil, fmt.Errorf("%s: no column %s", text(e), c)
			}
			row[c] = text(cell)
		}
		rows = append(rows, row)
	}
	return rows, nil
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
