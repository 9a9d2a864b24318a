package ejabberd

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestJSONLists decodes results as lists of texts.
func TestJSONLists(t *testing.T) {
	for body, want := range map[string][]string{
		`0`: {"0"}, `1`: {"1"}, `"text"`: {"text"}, `""`: nil, `[]`: nil, `{}`: {"{}"}, `null`: nil, `true`: {"true"},
		`["a","b : c",""]`: {"a", "b : c", ""}, `[1,22222222222222222222]`: {"1", "22222222222222222222"},
		`{"num_sessions":3}`: {"3"}, `{"list":["a"]}`: {"a"}, ` ["é\n😀"] `: {"é\n😀"}, `["\ud83d\ude00"]`: {"😀"},
		`{"a":"1","b":2}`: {`{"a":"1","b":2}`},
	} {
		got, err := fakeServer(t, respondWith(200, body)).call(t.Context(), "c", nil)
		require.NoError(t, err, body)
		assert.Equal(t, want, got.list(), body)
	}
}

// TestJSONRecords decodes results as records of two columns. Further columns are ignored, and
// a missing one is an error.
func TestJSONRecords(t *testing.T) {
	for body, want := range map[string][]record{
		`[]`:                                  nil,
		`[{"a":"x : y","b":2,"c":0}]`:         {{"a": "x : y", "b": "2"}},
		`[{"b":"","a":1},{"a":null,"b":[1]}]`: {{"a": "1", "b": ""}, {"a": "null", "b": "[1]"}},
		`{"a":"1","b":"2"}`:                   {{"a": "1", "b": "2"}},
		`[{"a":"1"}]`:                         nil, // this one and the following ones lack columns
		`["a"]`:                               nil,
		`0`:                                   nil,
	} {
		got, err := fakeServer(t, respondWith(200, body)).call(t.Context(), "c", nil)
		require.NoError(t, err, body)
		records, err := allRecords(got, "a", "b")
		assert.Equal(t, want == nil && body != "[]", err != nil, "%s: %v", body, err)
		assert.Equal(t, want, records, body)
	}
}

// TestHTTPRefusals decodes the errors of mod_http_api and of other web servers.
func TestHTTPRefusals(t *testing.T) {
	for _, test := range []struct {
		status int
		body   string
		code   int
		text   string
	}{
		{401, `{"status":"error","code":10,"message":"Oauth Token is invalid or expired."}`, Forbidden, "Oauth Token is invalid or expired."},
		{403, `{"code":32,"message":"AccessRules: no.","status":"error"}`, Forbidden, "AccessRules: no."},
		{404, `{"code":40,"message":"Endpoint not found.","status":"error"}`, 0, "Endpoint not found."},
		{404, `"room_not_found"`, 404, "room_not_found"},
		{404, "<h1>404 Not Found</h1>\n", 0, "Not Found"},
		{404, "404 page\x00not found\u2028\xff\n", 0, "404 page not found ?"},
		{404, "", 0, "Not Found"},
		{400, `"User session not found"`, 400, "User session not found"},
		{409, `{"status":"error","code":10090,"message":"User already exists"}`, 409, "User already exists"},
		{500, `"internal_error"`, 500, "internal_error"},
		{502, "<html>\r\n<b>Bad Gateway</b>", 502, "Bad Gateway"},
		{503, "", 503, "Service Unavailable"},
		{301, "", 301, "Moved Permanently"},
		{204, "", 204, "No Content"},
		{400, `"` + strings.Repeat("é", 301) + `"`, 400, strings.Repeat("é", 300) + "…"},
	} {
		_, err := fakeServer(t, respondWith(test.status, test.body)).call(t.Context(), "c", nil)
		assert.Equal(t, &Error{Command: "c", Code: test.code, Text: test.text, HTTP: true}, err, test.body)
	}
}
