package graph_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/rostersync/graph"
)

var options = graph.Options{Host: "h.example", GroupSeparator: "|"}

// whole says that an input was complete.
func whole() error { return nil }

// read returns the rows of a text as words.
func read(text string, o graph.Options, complete func() error) (rows []string, s graph.Summary, err error) {
	s, err = graph.Read(graph.Input{Name: "in", Reader: iotest.OneByteReader(strings.NewReader(text)), Whole: complete}, o, func(r graph.Row) error {
		rows = append(rows, fmt.Sprintf("%d %s %s %s %q %q %q %q %q %q", r.Line, r.User, r.Contact, r.Type, r.UserNick, r.ContactNick, r.UserGroups, r.ContactGroups, r.UserID, r.ContactID))
		return nil
	})
	return rows, s, err
}

// TestRead reads one graph in each format.
func TestRead(t *testing.T) {
	want := []string{
		`2 a@h.example b@h.example both "Al \"A\"" "Bo" ["f" "g"] ["f"] "1" "2"`,
		`3 a@h.example c@far.example none "" "" [] [] "" ""`,
		`4 straße@h.example a@h.example to "" "x\ny" [] [] "" ""`,
	}
	want[2] = strings.Replace(want[2], "straße", "strasse", 1)
	csv := "\ufeffcontact,user,type,user_nick,contact_nick,user_group,contact_group,user_id,contact_id\r\n" +
		`b@h.example,a@h.example,both,"Al ""A""",Bo,g|f|g|,f,1,2` + "\r\n" +
		`c@far.example,a@h.example,none,,,,,,` + "\n" +
		`a@h.example,Straße@h.example,to,,"x` + "\n" + `y",,,,`
	json := "\n" + `{"user":"a@h.example","contact":"b@h.example","type":"both","user_nick":"Al \"A\"","contact_nick":"Bo","user_group":["g","f","g",""],"contact_group":"f","user_id":1,"contact_id":"2"}` + "\n" +
		`{"user":"a@h.example","contact":"c@far.example","type":"none"}` + "\n" +
		`{"user":"Straße@h.example","contact":"a@h.example","type":"to","user_group":null,"contact_nick":"x\ny"}`
	for name, text := range map[string]string{"csv": csv, "json": json[1:]} {
		t.Run(name, func(t *testing.T) {
			expected := want
			if name == "json" {
				expected = nil
				for n, w := range want {
					expected = append(expected, fmt.Sprint(n+1)+w[1:])
				}
			}
			for packing, packed := range map[string]string{"plain": text, "gzip": gzipped(text), "zstd": zstandard(text)} {
				rows, s, err := read(packed, options, whole)
				require.NoError(t, err, packing)
				assert.Equal(t, expected, rows, packing)
				assert.Equal(t, graph.Summary{Rows: 3}, s, packing)
			}
		})
	}
}

func gzipped(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(text)) // a buffer takes everything
	_ = w.Close()
	return b.String()
}

func zstandard(text string) string {
	w, _ := zstd.NewWriter(nil)
	return string(w.EncodeAll([]byte(text), nil))
}

// TestFaults checks where each mistake is said to be.
func TestFaults(t *testing.T) {
	o := options
	o.Check = func(nick string, groups []string) error {
		if nick == "bad" || strings.Join(groups, "") == "bad" {
			return errors.New("it is bad")
		}
		return nil
	}
	const head = "user,contact,type,contact_nick,contact_group\n"
	for text, want := range map[string]string{
		head + "a@h.example,b,bath,,\n":           `in:2:15: type: "bath" is none of both, from, to, none`,
		head + "a@h.example,,both,,\n":            "in:2:13: contact: it is missing",
		head + "a@h.example,b c@d,both,,\n":       `in:2:13: contact: "b c@d" is not a JID`,
		head + "a@h.example,b@c/r,both,,\n":       `in:2:13: contact: "b@c/r" has a resource; rosters have bare JIDs`,
		head + "a@far,b@h.example,both,,\n":       `in:2:1: user: "a@far" is not a user of h.example`,
		head + "h.example,b@h.example,both,,\n":   `in:2:1: user: "h.example" is not a user's JID (user@h.example)`,
		head + "a@h.example,A@h.example,both,,\n": "in:2:13: contact: it is the user",
		head + "a@h.example,b@c,both,bad,\n":      "in:2:22: contact_nick: it is bad",
		head + "a@h.example,b@c,both,,bad\n":      "in:2:23: contact_group: it is bad",
		head + "a@h.example,b@c,both,\xff,\n":     `in:2:22: contact_nick: "\xff" is not UTF-8`,
		head + "a@h.example,b@c\n":                "in:2:1: the row has 2 fields, and the header has 5",
		head + "a@h.example,b\"@c,both,,\n":       `in:2:14: bare " in non-quoted-field`,
		"user,contact,typ\na@h.example,b@c,to\n":  `in:1:1: there is no column "typ"; the columns are `,
		"user,type\na@h.example,to\n":             "in:1:1: the column contact is missing; the first line names the columns: ",
		"user,contact,user\n":                     "in:1:1: the column user is there twice",
		" user,contact\n":                         "in:1:1: the input begins with a blank",
		head + "#end 1\n":                         "in:2:1: the end row says that there are 1 rows, and there are 0",
		head + "#end x\n":                         `in:2:1: "x" is not a number of rows`,
		head + "#end 0\na@h.example,b@c,both,,\n": "in:3:1: there is a row after the end row",

		`{"user":"a@h.example","contact":"b@c","typ":"to"}`:                   `in:1:38: there is no column "typ"; the columns are `,
		`{"user":"a@h.example","contact":"b@c","type":"to","contact_nick":1}`: "in:1:50: contact_nick: it is not text",
		`{"user":"a@h.example","contact":"b@c","type":null}`:                  "in:1:38: type: it is not text",
		`{"user":"a@h.example","contact":"b@c","user":"a@h.example"}`:         "in:1:38: user: it is there twice",
		`{"user":"a@h.example","contact":"b@c","contact_group":["a",["b"]]}`:  "in:1:38: contact_group: it is not text",
		`{"user":"a@h.example","contact":"b@c","contact_nick":["a"]}`:         "in:1:38: contact_nick: it is not text",
		`{"user":"a@h.example","contact":"b@c"} {}`:                           "in:1:41: there is more after the object",
		`{"user":"a@h.example","contact":"b@c"`:                               "in:1:38: it is not JSON: the object does not end",
		`{"user":"a@h.example","contact":b}`:                                  "in:1:33: it is not JSON: invalid character 'b' looking for beginning of value",
		"{\"end\":1}\n":                                                       "in:1:1: the end row says that there are 1 rows, and there are 0",
		"{\"end\":\"1\"}\n":                                                   "in:1:1: an end row has nothing but the number of rows",
		"{}\n[]\n":                                                            "in:1:1: user: it is missing\nin:1:1: contact: it is missing\nin:2:2: it is not an object",
		"{\"user\":\"\xff\"}\n":                                               "in:1:1: it is not UTF-8",
	} {
		t.Run(text, func(t *testing.T) {
			_, _, err := read(text, o, whole)
			var faults *graph.Faults
			require.ErrorAs(t, err, &faults)
			assert.True(t, strings.HasPrefix(err.Error(), want), err)
		})
	}
}

// TestManyFaults: ten are shown, and the others counted.
func TestManyFaults(t *testing.T) {
	rows, _, err := read("user,contact\n"+strings.Repeat("a,b\n", 30)+"a@h.example,b@h.example\n", options, whole)
	var faults *graph.Faults
	require.ErrorAs(t, err, &faults)
	assert.Equal(t, 30, faults.Count)
	assert.Len(t, faults.First, 10)
	assert.Equal(t, "in: 20 more mistakes", err.Error()[strings.LastIndex(err.Error(), "\n")+1:])
	assert.Len(t, rows, 1, "a row without a mistake is read")
}

// TestCutOff cuts complete inputs off after each byte. No cut is a mistake, none goes
// unnoticed, and the rows that are read are the first ones of the whole.
func TestCutOff(t *testing.T) {
	csv := "user,contact,contact_nick\na@h.example,b@h.example,\"x\"\"y\"\na@h.example,c@h.example,\"x\ny\"\na@h.example,d@h.example,z\n"
	json := `{"user":"a@h.example","contact":"b@h.example"}` + "\n" + `{"user":"a@h.example","contact":"c@h.example"}` + "\n"
	died := func() error { return errors.New("psql: exit status 2") }
	for _, text := range []string{csv, json, csv + "#end 3\n", json + `{"end":2}` + "\n"} {
		all, _, err := read(text, options, whole)
		require.NoError(t, err)
		for n := range len(text) {
			rows, s, err := read(text[:n], options, died)
			require.NoError(t, err, text[:n])
			assert.Equal(t, all[:len(rows)], append([]string{}, rows...), text[:n])
			if !strings.Contains(text[:n], "end 3") && !strings.Contains(text[:n], `"end":2}`) {
				assert.Equal(t, "psql: exit status 2", s.Incomplete)
			}
		}
		for _, packed := range []string{gzipped(text), zstandard(text)} {
			for n := range len(packed) - 1 {
				if n < 4 && n > 0 {
					continue // it is not known to be compressed
				}
				rows, s, err := read(packed[:n], options, whole)
				require.NoError(t, err)
				assert.Equal(t, all[:len(rows)], append([]string{}, rows...))
				if n > 0 && len(rows) < len(all) {
					assert.Equal(t, "the compressed data is cut off", s.Incomplete)
				}
			}
		}
	}
}

// TestComplete checks what makes an input complete.
func TestComplete(t *testing.T) {
	const row = "user,contact\na@h.example,b@h.example\n"
	for name, test := range map[string]struct {
		text  string
		whole func() error
		want  string
	}{
		"the source says so":        {row, whole, ""},
		"an end row":                {row + "#end 1\n", nil, ""},
		"an end row of a dead one":  {row + "#end 1\n", func() error { return errors.New("exit status 1") }, ""},
		"an end row that is cut":    {row + "#end 2", nil, "nothing says that the input is complete"},
		"nothing":                   {row, nil, "nothing says that the input is complete"},
		"the source says otherwise": {row, func() error { return errors.New("exit status 1") }, "exit status 1"},
	} {
		t.Run(name, func(t *testing.T) {
			_, s, err := read(test.text, options, test.whole)
			require.NoError(t, err)
			assert.Equal(t, graph.Summary{Rows: 1, Incomplete: test.want}, s)
		})
	}
}

// TestDamaged: damaged data, and a reader that fails, are errors.
func TestDamaged(t *testing.T) {
	packed := []byte(gzipped("user,contact\na@h.example,b@h.example\n"))
	packed[len(packed)-6] ^= 1 // of the checksum
	_, _, err := read(string(packed), options, whole)
	assert.ErrorContains(t, err, "the compressed data is damaged")
	for _, text := range []string{"user,contact\n", gzipped("user,contact\n")[:12]} {
		gone := errors.New("gone")
		_, err = graph.Read(graph.Input{Reader: io.MultiReader(strings.NewReader(text), iotest.ErrReader(gone)), Whole: whole}, options, nil)
		assert.ErrorIs(t, err, gone)
	}
	stop := errors.New("stop")
	_, err = graph.Read(graph.Input{Reader: strings.NewReader("user,contact\na@h.example,b@h.example\n"), Whole: whole}, options, func(graph.Row) error { return stop })
	assert.ErrorIs(t, err, stop)
}

// TestWrite: what is written reads as it was.
func TestWrite(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 4180))
	texts := []string{"", "a", `"`, "a,b", "x\ny", " z ", "#end 3", "ü😀", "'", `\.`}
	pick := func() string { return texts[r.IntN(len(texts))] }
	groups := func() (g []string) {
		g = append(g, []string{"a", "b,c", "d\ne"}[r.IntN(4)%3:]...)
		return g
	}
	var rows []graph.Row
	for n := range 200 {
		rows = append(rows, graph.Row{
			User: jid.MustParse(fmt.Sprintf("u%d@h.example", n)), Contact: jid.MustParse("c@far.example"), Type: []string{"both", "from", "to", "none"}[r.IntN(4)],
			UserNick: pick(), ContactNick: pick(), UserGroups: groups(), ContactGroups: groups(), UserID: pick(), ContactID: pick(),
		})
	}
	var csv, json bytes.Buffer
	asCSV, err := graph.NewCSVWriter(&csv, "|")
	require.NoError(t, err)
	for _, w := range []*graph.Writer{asCSV, graph.NewWriter(&json)} {
		for _, row := range rows {
			require.NoError(t, w.Write(row))
		}
		require.NoError(t, w.End())
	}
	for _, text := range []string{csv.String(), json.String()} {
		n := 0
		s, err := graph.Read(graph.Input{Reader: strings.NewReader(text)}, options, func(row graph.Row) error {
			row.Line = 0
			assert.Equal(t, rows[n], row)
			n++
			return nil
		})
		require.NoError(t, err)
		assert.Equal(t, graph.Summary{Rows: len(rows)}, s)
	}
	w, _ := graph.NewCSVWriter(&csv, "|")
	assert.ErrorContains(t, w.Write(graph.Row{UserGroups: []string{"a|b"}}), `the group "a|b" contains the separator "|"`)
	w, _ = graph.NewCSVWriter(&csv, "")
	assert.ErrorContains(t, w.Write(graph.Row{UserGroups: []string{"a", "b"}}), "need a separator")
}

// FuzzRead: no input makes the reader fail otherwise than by a fault.
func FuzzRead(f *testing.F) {
	f.Add("user,contact\na@h.example,b@h.example\n#end 1\n")
	f.Add(`{"user":"a@h.example","contact":"b@h.example","type":"to","user_group":["x"]}` + "\n" + `{"end":1}`)
	f.Add(gzipped("user,contact\n"))
	f.Add(zstandard("user,contact\n"))
	f.Fuzz(func(t *testing.T, text string) {
		s, err := graph.Read(graph.Input{Reader: strings.NewReader(text), Whole: whole}, options, func(r graph.Row) error {
			require.Equal(t, "h.example", r.User.Domainpart())
			require.NotEmpty(t, r.Items("h.example"))
			return nil
		})
		if err != nil {
			assert.NotEmpty(t, err.Error())
			assert.Zero(t, s)
		}
	})
}
