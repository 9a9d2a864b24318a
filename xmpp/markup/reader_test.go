package markup_test

import (
	"encoding/xml"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/xmpp/framing"
	"emanagement/xmpp/markup"
)

const space = "jabber:component:accept"

// token is a token as both readers are expected to find it.
type token struct {
	kind        markup.Kind
	space, name string
	attrs       []markup.Attr
	text        string
}

// readPlain reads an element by markup.Reader.
func readPlain(text string) (tokens []token, plain bool) {
	r := markup.NewReader(text, space)
	for {
		t := token{kind: r.Next()}
		switch t.kind {
		case markup.None:
			return tokens, r.IsPlain()
		case markup.Text:
			t.text = r.Text()
		case markup.Start:
			t.attrs = append(t.attrs, r.Attrs()...)
			t.space, t.name = r.Name()
		default:
			t.space, t.name = r.Name()
		}
		tokens = append(tokens, t)
	}
}

// readByLibrary reads an element by encoding/xml.
func readByLibrary(e framing.Element) (tokens []token, err error) {
	depth := 0
	for r := e.AllTokens(); ; {
		found, err := r.Token()
		if err != nil {
			return tokens, err
		}
		switch t := found.(type) {
		case xml.StartElement:
			depth++
			tokens = append(tokens, token{kind: markup.Start, space: t.Name.Space, name: t.Name.Local, attrs: attrs(t)})
		case xml.EndElement:
			tokens = append(tokens, token{kind: markup.End, space: t.Name.Space, name: t.Name.Local})
			if depth--; depth == 0 {
				return tokens, nil
			}
		case xml.CharData:
			tokens = append(tokens, token{kind: markup.Text, text: string(t)})
		default:
			tokens = append(tokens, token{})
		}
	}
}

func attrs(start xml.StartElement) (list []markup.Attr) {
	for _, a := range start.Attr {
		name := a.Name.Local
		if a.Name.Space != "" {
			name = strings.Replace(a.Name.Space, "http://www.w3.org/XML/1998/namespace", "xml", 1) + ":" + name
		}
		list = append(list, markup.Attr{Name: name, Value: a.Value})
	}
	return list
}

func frame(t *testing.T, text string) (e framing.Element, ok bool) {
	e, err := framing.NewReader(strings.NewReader(text), space, 1<<20).Next()
	if err != nil {
		require.NotErrorIs(t, err, io.ErrNoProgress)
	}
	return e, err == nil
}

// FuzzReader: encoding/xml finds the same tokens in everything that is plain.
func FuzzReader(f *testing.F) {
	for _, seed := range append(plain, notPlain...) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, ok := frame(t, text)
		if !ok {
			return
		}
		got, isPlain := readPlain(e.Raw)
		want, err := readByLibrary(e)
		if isPlain {
			require.NoError(t, err, "%q", e.Raw)
			require.Equal(t, want, got, "%q", e.Raw)
			return
		}
		require.LessOrEqual(t, len(got), len(want), "%q", e.Raw)
		for i := range got {
			require.Equal(t, want[i], got[i], "%q", e.Raw)
		}
	})
}

var plain = []string{
	"<a/>", "<a></a>", "<a b='c'/>", `<a b="'>/" c = '"' ><d/>e<d >f</d ></a>`, "<a>&lt;&gt;&amp;&apos;&quot;&#10;&#x1F600;&#x0041;é</a>", "<a xmlns='urn:x'><b xmlns=''><c xmlns='urn:y'/></b><d/></a>",
	"<iq xml:lang='en' to='a@b/c' from='d' type='result' id='1'>\n\t<query ver='2' xmlns='jabber:iq:roster'><item name='&#xA;' jid='a@b'><group>x</group></item></query></iq>",
	"<a><b>1</b><b>2</b></a>", "<a>]]</a>", "<a b=']'/>", "<_a.-1 b-='' />", "<a\nb='\n\t'\n/>",
}

var notPlain = []string{
	"<a:b/>", "<a b:c=''/>", "<a xmlns:b=''/>", "<a><!-- --></a>", "<a><?b?></a>", "<a><![CDATA[]]></a>", "<a>\r</a>", "<a b='\r'/>", "<a>]]></a>", "<a b=']]>'/>", "<a b='' b=''/>", "<a b=''c=''/>",
	"<a b/>", "<a b=c/>", "<a>&nbsp;</a>", "<a>&</a>", "<a>&#xD800;</a>", "<a>&#X41;</a>", "<a>&#1114112;</a>", "<a></b></a>", "<a></ a>", "<é/>", "<a b='<'/>", "<a><b></a></b>", "<a><xmlns/></a>", "<a xml:space=''/>", "<a xml:language=''/>",
	strings.Repeat("<a>", 20) + strings.Repeat("</a>", 20), "<a a='' b='' c='' d='' e='' f='' g='' h='' i='' j='' k='' l='' m='' n='' o='' p='' q=''/>", "<a b='&'/>", "<a b='&lt;<'/>", "<a>&lt;]]></a>", "<a>&#99999999999;</a>", "<a>&#;</a>", "<a>&;</a>",
}

func TestPlain(t *testing.T) {
	for _, text := range plain {
		_, isPlain := readPlain(text)
		assert.True(t, isPlain, text)
	}
	for _, text := range append(notPlain, "", "a", "<", "<a", "<a b", "<a b=", "<a b='", "<a b=''", "<a>", "<a>b", "<a></", "<a></a", "</a>", "<1/>") {
		_, isPlain := readPlain(text)
		assert.False(t, isPlain, text)
	}
}

// TestContent reads texts and skips elements.
func TestContent(t *testing.T) {
	r := markup.NewReader("<a><b c='1'>text&amp;</b><b/><d><e><d/></e>x</d><f>x<g/></f></a>", "urn:x")
	require.Equal(t, markup.Start, r.Next())
	assert.True(t, r.Is("urn:x", "a"))
	assert.Equal(t, 1, r.Depth())
	require.Equal(t, markup.Start, r.Next())
	assert.Equal(t, "1", r.Attr("c"))
	assert.Empty(t, r.Attr("d"))
	text, ok := r.Content()
	assert.True(t, ok)
	assert.Equal(t, "text&", text)
	require.Equal(t, markup.Start, r.Next())
	text, ok = r.Content()
	assert.True(t, ok)
	assert.Empty(t, text)
	require.Equal(t, markup.Start, r.Next())
	assert.True(t, r.Skip())
	assert.True(t, r.Is("urn:x", "d"))
	require.Equal(t, markup.Start, r.Next())
	_, ok = r.Content()
	assert.False(t, ok, "an element inside")
	assert.True(t, r.IsPlain())
	broken := markup.NewReader("<a><b><c></a>", "")
	require.Equal(t, markup.Start, broken.Next())
	assert.False(t, broken.Skip())
	assert.False(t, broken.IsPlain())
}
