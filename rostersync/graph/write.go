package graph

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Writer writes rows as Read reads them. It must not be used concurrently.
type Writer struct {
	out       *json.Encoder // nil: CSV
	csv       *csv.Writer
	separator string
	rows      int
}

// NewWriter returns a writer of JSON Lines.
func NewWriter(out io.Writer) *Writer {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	return &Writer{out: e}
}

// NewCSVWriter returns a writer of CSV. separator stands between several groups.
func NewCSVWriter(out io.Writer, separator string) (*Writer, error) {
	w := &Writer{csv: csv.NewWriter(out), separator: separator}
	return w, w.csv.Write(columns)
}

// JSON is a row as JSON.
type JSON struct {
	User         string   `json:"user"`
	Contact      string   `json:"contact"`
	Type         string   `json:"type"`
	UserNick     string   `json:"user_nick,omitempty"`
	ContactNick  string   `json:"contact_nick,omitempty"`
	UserGroup    []string `json:"user_group,omitempty"`
	ContactGroup []string `json:"contact_group,omitempty"`
	UserID       string   `json:"user_id,omitempty"`
	ContactID    string   `json:"contact_id,omitempty"`
}

// JSON returns the row as JSON.
func (r Row) JSON() JSON {
	return JSON{r.User.String(), r.Contact.String(), r.Type, r.UserNick, r.ContactNick, r.UserGroups, r.ContactGroups, r.UserID, r.ContactID}
}

// String returns the text of the JSON.
func (j JSON) String() string {
	text, _ := json.Marshal(j) // it has nothing that cannot be marshalled
	return string(text)
}

// Write writes a row. In CSV, several groups need a separator that none of them contains.
func (w *Writer) Write(r Row) error {
	w.rows++
	if w.csv == nil {
		return w.out.Encode(r.JSON())
	}
	user, err := w.join(r.UserGroups)
	if err != nil {
		return err
	}
	contact, err := w.join(r.ContactGroups)
	if err != nil {
		return err
	}
	return w.csv.Write([]string{r.User.String(), r.Contact.String(), r.Type, r.UserNick, r.ContactNick, user, contact, r.UserID, r.ContactID})
}

func (w *Writer) join(groups []string) (string, error) {
	for _, g := range groups {
		if w.separator != "" && strings.Contains(g, w.separator) {
			return "", fmt.Errorf("the group %q contains the separator %q", g, w.separator)
		}
	}
	if len(groups) > 1 && w.separator == "" {
		return "", fmt.Errorf("the groups %q need a separator", groups)
	}
	return strings.Join(groups, w.separator), nil
}

// End writes the end row, which shows a reader that nothing is missing.
func (w *Writer) End() error {
	if w.csv == nil {
		return w.out.Encode(map[string]int{"end": w.rows})
	}
	if err := w.csv.Write([]string{fmt.Sprint(endMark, w.rows)}); err != nil {
		return err
	}
	w.csv.Flush()
	return w.csv.Error()
}
