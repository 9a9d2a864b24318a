package ejabberd

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"emanagement/presence"
	"emanagement/xmpp/command"
	"emanagement/xmpp/xmltext"
)

// FuzzAdHocAnswer: an answer's result has the values that encoding/xml finds in the field
// behind the label Result.
func FuzzAdHocAnswer(f *testing.F) {
	const result = "<field label='Result' type='fixed'/>"
	for _, seed := range []string{
		"", result, result + "<field var='res' type='text-single'><value>0</value></field>", result + "<field var='users'><value>a : b</value><value/><value> : </value></field><field/>",
		result + "<field var='error' label='Error 403'><value>no</value></field>", result + "<field var='error' label='Error -'/>", result + "<field><desc>d</desc><value>a<b/>c</value></field>",
		result + "<field><value>a : b : c : d", "</x><x>" + result + "<field><value>1</value></field>", result + result + "<field><value>1</value></field>", "<field type='fixed' label='Result'><value>1</value></field>",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, fields string) {
		if !xmltext.Legal(fields) {
			return // the stream replaces such characters
		}
		got, err := adhocResult("c", replyWith(fields))
		var want command.Command
		d := xml.NewTokenDecoder(replyWith(fields).Tokens())
		readable := d.Decode(&want) == nil && strings.Count(fields, "<x") == 0 && strings.Count(fields, "field") == strings.Count(fields, "<field")+strings.Count(fields, "</field>")
		if err != nil {
			_, ok := errors.AsType[*Error](err)
			require.True(t, ok, "%v", err)
			return
		}
		checkRecords(t, got)
		if !readable || strings.Contains(fields, ":") && strings.Contains(fields, "xmlns") {
			return
		}
		i := slices.IndexFunc(want.Form.Fields, func(f command.Field) bool { return f.Type == command.Fixed && f.Label == "Result" })
		require.GreaterOrEqual(t, i, 0)
		var values []string
		if i+1 < len(want.Form.Fields) {
			values = want.Form.Fields[i+1].Values
		}
		if len(values) == 1 && values[0] == "" {
			values = nil
		}
		require.Equal(t, values, got.list())
	})
}

// checkRecords checks that the records of an answer have all columns, and are the same each
// time.
func checkRecords(t *testing.T, a answer) {
	for _, columns := range [][]string{{"user", "contact"}, {"jid", "affiliation", "reason"}, sessionColumns()} {
		records, err := allRecords(a, columns...)
		again, errAgain := allRecords(a, columns...)
		require.Equal(t, err, errAgain)
		require.Equal(t, records, again)
		for _, r := range records {
			require.Len(t, r, len(columns))
			for _, c := range columns {
				require.Contains(t, r, c)
			}
		}
	}
}

// FuzzHTTPAnswer: a result over HTTP has the texts that encoding/json finds in it.
func FuzzHTTPAnswer(f *testing.F) {
	for _, seed := range []string{
		"0", `""`, "null", "true", "{}", "[]", `["a","b : c",""]`, `[1,22222222222222222222,1e999]`, `{"num_sessions":3}`, `{"list":["a"]}`, ` ["é\n😀"] `,
		`[{"user":"u","contact":"c"}]`, `{"user":"u","contact":null}`, `[{"user":"u"}]`, `[["user"]]`, `[{"username":"a","domain":"b","affiliation":"owner","reason":""}]`,
		`{"a":{"b":{"c":["d"]}}}`, `[{"jid":[1],"affiliation":{},"reason":true}]`, `["\ud800"]`, `[`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		if !json.Valid([]byte(body)) {
			return // the client refuses it
		}
		got := jsonAnswer(body)
		checkRecords(t, got)
		for _, text := range got.list() {
			require.True(t, utf8.ValidString(text))
		}
		var texts []string
		if json.Unmarshal([]byte(body), &texts) == nil && !strings.Contains(body, "null") {
			require.Equal(t, len(texts), len(got.list()))
			require.True(t, slices.Equal(texts, got.list()))
		}
		var objects []map[string]string
		if json.Unmarshal([]byte(body), &objects) != nil || strings.Contains(body, "null") {
			return
		}
		records, err := allRecords(got, "user", "contact")
		for i, r := range records {
			require.Equal(t, record{"user": objects[i]["user"], "contact": objects[i]["contact"]}, r)
		}
		if err == nil {
			require.Len(t, records, len(objects))
		}
	})
}

// FuzzHTTPRefusal: whatever a web server answers, a refusal is one short line. Only some
// codes say that the command was not run at all.
func FuzzHTTPRefusal(f *testing.F) {
	for _, seed := range []string{
		`{"status":"error","code":10,"message":"Oauth Token is invalid or expired."}`, `"room_not_found"`, "<h1>404 Not Found</h1>\n", "404 page\x00not found\u2028\xff\n", "",
		`"internal_error"`, `"unknown_command"`, `{"code":"x","message":"m"}`, `{"message":1}`, `"` + strings.Repeat("é", 301) + `"`, `"\u202e"`, "[]", "null",
	} {
		for _, status := range []int{401, 404, 500, 599} {
			f.Add(status, seed)
		}
	}
	f.Fuzz(func(t *testing.T, status int, body string) {
		if status < 100 || status > 999 || status == http.StatusOK {
			return // no status of a refusal
		}
		e, ok := errors.AsType[*Error](httpRefusal("c", status, []byte(body)))
		require.True(t, ok)
		require.True(t, e.HTTP)
		require.Contains(t, []int{0, status, Forbidden}, e.Code)
		require.LessOrEqual(t, utf8.RuneCountInString(e.Text), 301)
		require.True(t, utf8.ValidString(e.Text))
		require.False(t, strings.ContainsFunc(e.Text, func(r rune) bool { return !unicode.IsPrint(r) }), "%q", e.Text)
		require.NotEmpty(t, e.Text)
	})
}

// FuzzSessions: whatever a user's resources and statuses are, each session has a resource of
// the user's own, and no session is there twice.
func FuzzSessions(f *testing.F) {
	f.Add("r", "r", "away", 5, "status", "x")
	f.Add("a : b", "a", "available", -1, "b : c", "")
	f.Add("", "a/b", "unavailable", 0, " : ", " : ")
	f.Add("a@b\n", "", "offline", 128, "\n", "c2s : 1")
	f.Fuzz(func(t *testing.T, a, b, show string, priority int, status, other string) {
		if strings.Contains(show, columnSeparator) {
			return // the server chooses it from a list
		}
		resources := slices.Compact(slices.Sorted(slices.Values([]string{a, b})))
		lines := []string{line(priority, show, a, status), line(priority, show, b, other)}
		for _, structured := range []bool{true, false} {
			records, err := allRecords(fieldAnswer(slices.Values(lines)), sessionColumns()...)
			require.NoError(t, err)
			list, err := mergeSessions(user, resources, records, structured)
			if err != nil {
				continue
			}
			require.LessOrEqual(t, len(list), len(resources))
			seen := make(map[string]bool)
			for _, s := range list {
				require.Equal(t, user, s.JID.Bare())
				require.Contains(t, resources, s.JID.Resourcepart())
				require.False(t, seen[s.JID.Resourcepart()])
				seen[s.JID.Resourcepart()] = true
				if s.Presence.Unavailable {
					require.Equal(t, presence.Presence{Unavailable: true, Status: s.Presence.Status}, s.Presence)
				}
			}
			if a != "" && !strings.Contains(a+b, ":") && show != "offline" && structured {
				require.True(t, seen[a] || strings.HasPrefix(a, " ") || strings.HasSuffix(a, " "), "%q: missing", a)
			}
		}
	})
}

// FuzzStoredJID: a JID that the server stores is kept as it is spelled, and names a host.
func FuzzStoredJID(f *testing.F) {
	for _, seed := range []string{"a@b/c", "b", "♥@b.", "a@b/", "@b", "", "/", "a@", "a@b@c/d@e/f", "b//", "\xff@b", " a@b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		j, err := parseStored(s)
		if err != nil {
			return
		}
		require.NotEmpty(t, j.Domainpart(), "%q", s)
		require.Contains(t, []string{j.String(), j.String() + "/"}, s)
	})
}
