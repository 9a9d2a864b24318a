package markup_test

import (
	"encoding/xml"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/xmpp/markup"
	"emanagement/xmpp/xmltext"
)

func TestAppend(t *testing.T) {
	b := markup.AppendStart(nil, "a", markup.Attr{Name: "b", Value: `<'"&`}, markup.Attr{Name: "none"})
	b = markup.AppendElement(b, "c", "x>\n", markup.Attr{Name: "d", Value: "1"})
	b = markup.AppendEmpty(b, "e", markup.Attr{Name: "f", Value: "2"})
	b = markup.AppendEnd(b, "a")
	assert.Equal(t, `<a b="&lt;&#39;&#34;&amp;"><c d="1">x&gt;&#xA;</c><e f="2"/></a>`, string(b))
}

// FuzzAppendText: both readers read a text and a value as they were written.
func FuzzAppendText(f *testing.F) {
	for _, seed := range []string{"", "abc", "<&>\"'", "\t\r\n", "\x00\x1f", "é😀\uFFFE\uFFFF\uFFFD", "\xff\xc3", "]]>", "&#1;"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		want := strings.Map(func(r rune) rune {
			if !xmltext.Legal(string(r)) {
				return 0xFFFD
			}
			return r
		}, text)
		written := markup.AppendElement(nil, "a", text, markup.Attr{Name: "b", Value: text})
		var read struct {
			B    string `xml:"b,attr"`
			Text string `xml:",chardata"`
		}
		require.NoError(t, xml.Unmarshal(written, &read), string(written))
		require.Equal(t, [2]string{want, want}, [2]string{read.B, read.Text})
		r := markup.NewReader(string(written), "")
		require.Equal(t, markup.Start, r.Next())
		require.Equal(t, want, r.Attr("b"))
		got, ok := r.Content()
		require.True(t, ok)
		require.Equal(t, want, got)
	})
}
