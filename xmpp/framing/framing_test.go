package framing_test

import (
	"encoding/xml"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/xmpp/framing"
)

const component = "jabber:component:accept"

// readAll reads the elements of a stream until an error, byte by byte.
func readAll(text string, limit int) (elements []framing.Element, err error) {
	return readFrom(iotest.OneByteReader(strings.NewReader(text)), limit)
}

func readFrom(in io.Reader, limit int) (elements []framing.Element, err error) {
	r := framing.NewReader(in, component, limit)
	for {
		e, err := r.Next()
		if err != nil {
			return elements, err
		}
		elements = append(elements, e)
	}
}

func TestNext(t *testing.T) {
	const end = "</stream:stream>"
	for name, test := range map[string]struct {
		text string
		want []string
		err  error
	}{
		"nothing":             {"", nil, io.EOF},
		"the end":             {" \n" + end, nil, framing.ErrEnd},
		"two":                 {"<a/>\n <b c='d'>e</b>" + end, []string{"<a/>", "<b c='d'>e</b>"}, framing.ErrEnd},
		"text between":        {"x<a/>&amp;y<b/>", []string{"<a/>", "<b/>"}, io.EOF},
		"> in an attribute":   {`<a b="/>" c='>"'><d e='"/>'/></a>`, []string{`<a b="/>" c='>"'><d e='"/>'/></a>`}, io.EOF},
		"nested":              {"<a><a><a/></a><b></b></a><a/>", []string{"<a><a><a/></a><b></b></a>", "<a/>"}, io.EOF},
		"CDATA":               {"<a><![CDATA[</a><b>]]]></a><c/>", []string{"<a><![CDATA[</a><b>]]]></a>", "<c/>"}, io.EOF},
		"comments":            {"<!----><!-- <x> --><a><!-- </a> --></a>", []string{"<a><!-- </a> --></a>"}, io.EOF},
		"instructions":        {"<?x <y> ?><a><?z </a> ?></a>", []string{"<a><?z </a> ?></a>"}, io.EOF},
		"no start tag":        {"<a b=c></a><=/><a/>", []string{"<a/>"}, io.EOF},
		"half an element":     {"<a/><b><c/>", []string{"<a/>"}, io.ErrUnexpectedEOF},
		"half a tag":          {"<a", nil, io.ErrUnexpectedEOF},
		"half an attribute":   {"<a b='>", nil, io.ErrUnexpectedEOF},
		"half a comment":      {"<a><!-- -", nil, io.ErrUnexpectedEOF},
		"a stream error in a": {"<a><error xmlns='" + framing.Namespace + "'/></a><b/>", []string{"<a><error xmlns='" + framing.Namespace + "'/></a>", "<b/>"}, io.EOF},
		"and by its prefix":   {"<a><x><stream:error/></x><stream:stream/></a><b/>", []string{"<a><x><stream:error/></x><stream:stream/></a>", "<b/>"}, io.EOF},
	} {
		t.Run(name, func(t *testing.T) {
			elements, err := readAll(test.text, 1000)
			assert.ErrorIs(t, err, test.err)
			var raw []string
			for _, e := range elements {
				raw = append(raw, e.Raw)
				assert.False(t, e.Damaged)
			}
			assert.Equal(t, test.want, raw)
		})
	}
	t.Run("a document type", func(t *testing.T) {
		_, err := readAll("<!DOCTYPE a><a/>", 1000)
		assert.ErrorContains(t, err, "document type")
	})
}

func TestNamespaces(t *testing.T) {
	elements, err := readAll("<message><body/><stream:x/></message><stream:error/><iq xmlns='jabber:client'/>", 1000)
	require.ErrorIs(t, err, io.EOF)
	var names []xml.Name
	for _, e := range elements {
		names = append(names, e.Start.Name)
		r := e.Tokens()
		for {
			token, err := r.Token()
			if start, ok := token.(xml.StartElement); ok {
				names = append(names, start.Name)
			}
			if err != nil {
				assert.Equal(t, io.EOF, err)
				break
			}
		}
	}
	assert.Equal(t, []xml.Name{
		{Space: component, Local: "message"}, {Space: component, Local: "body"}, {Space: framing.Namespace, Local: "x"},
		{Space: framing.Namespace, Local: "error"}, {Space: "jabber:client", Local: "iq"},
	}, names)
	assert.Equal(t, 2, elements[0].Children)
}

func TestLimit(t *testing.T) {
	long := "<a b='" + strings.Repeat("x", 100_000) + "'/>"
	elements, err := readAll(strings.Repeat(" ", 200_000)+long, len(long))
	assert.ErrorIs(t, err, io.EOF)
	assert.Len(t, elements, 1)
	_, err = readAll("<a>"+strings.Repeat("<b>", 2000), 1000)
	assert.ErrorAs(t, err, new(*framing.TooLargeError), "an element that does not end")
	assert.ErrorContains(t, err, "more than 4000 bytes")
}

// TestTooLarge: an element beyond the limit keeps its start tag and loses its content,
// whatever that is. The next element is read as usual.
func TestTooLarge(t *testing.T) {
	x := strings.Repeat("x", 1500)
	for name, content := range map[string]string{
		"text": x, "elements": strings.Repeat("<b c='/>'/>", 150), "an attribute": `<b c="` + x + `>'/>"></b>`,
		"a comment": "<!-->" + x + "</a>-->", "CDATA": "<![CDATA[" + x + "</a>]]]>", "an instruction": "<?b " + x + "</a>?>",
		"many": strings.Repeat("<b><c/>d</b><!----><![CDATA[]]>", 50), "beyond at the end": "<b>" + x[:950] + "</b>" + x[:40] + "<!---->",
	} {
		t.Run(name, func(t *testing.T) {
			elements, err := readAll("<a id='1' b='/>'>"+content+"</a> <b/>", 1000)
			assert.ErrorIs(t, err, io.EOF)
			require.Len(t, elements, 2)
			assert.True(t, elements[0].TooLarge)
			assert.Equal(t, "<a id='1' b='/>'/>", string(elements[0].Raw))
			assert.Equal(t, "1", elements[0].Start.Attr[0].Value)
			assert.False(t, elements[1].TooLarge)
			assert.Equal(t, "<b/>", string(elements[1].Raw))
		})
	}
	for name, text := range map[string]string{"a start tag": "<a b='" + x + "'></a><b/>", "an empty element": "<a b='" + x + "'/><b/>"} {
		t.Run(name, func(t *testing.T) {
			elements, err := readAll(text, 1000)
			assert.ErrorIs(t, err, io.EOF)
			require.Len(t, elements, 1, "nobody can tell whose it is")
			assert.Equal(t, "<b/>", string(elements[0].Raw))
		})
	}
}

// TestDamaged: an element with a character that XML does not allow is marked, the character
// is replaced, and the stream continues.
func TestDamaged(t *testing.T) {
	for bad, want := range map[string]string{
		"Be\x01n": "Be\uFFFDn", "\xD0\x9A\x61\xD0": "К" + "a\uFFFD", "&#1;": "\uFFFD", "&#x0;&#x0001F;": "\uFFFD\uFFFD", "\uFFFE": "\uFFFD", "\xED\xA0\x80": "\uFFFD\uFFFD\uFFFD", "&#xFFFF;": "\uFFFD", "&#1114112;": "\uFFFD", "&#99999999999;": "\uFFFD",
	} {
		elements, err := readAll("<iq id='1'><item name='"+bad+"'>"+bad+"</item></iq><b/>", 1000)
		assert.ErrorIs(t, err, io.EOF)
		require.Len(t, elements, 2, bad)
		assert.True(t, elements[0].Damaged, bad)
		assert.Equal(t, "<iq id='1'><item name='"+want+"'>"+want+"</item></iq>", string(elements[0].Raw))
		assert.Equal(t, "1", elements[0].Start.Attr[0].Value)
		assert.False(t, elements[1].Damaged)
	}
	for _, good := range []string{"&#10;&#x1F600;&#x00041;", "\t\n\r", "&amp;#1;", "\u0085\u202e😀\uFFFD", "&#", "a&#b"} {
		r := framing.NewReader(strings.NewReader("<a>"+good+"</a>"), component, 1000)
		e, err := r.Next()
		require.NoError(t, err)
		assert.False(t, e.Damaged, good)
	}
}
