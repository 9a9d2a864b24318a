package framing_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/xmpp/framing"
)

// FuzzNext: a stream is cut the same whatever the sizes of the reads are, and each element
// stands in it. If encoding/xml can read the stream, the elements hold what it finds there.
func FuzzNext(f *testing.F) {
	for _, seed := range []string{
		"<a/>", "<a><b c='>'/></a><d/>", "<a><![CDATA[<]]></a>", "<a><!-- < --></a> <?x?><b/>", "<a>\x01</a>", "</stream:stream>",
		"<a>&#x0;</a>", "<a><![CDATA[&#1;]]></a>", "<!DOCTYPE a>", "<a b='\r\n\"'>]]&gt;\r\n</a>", "<stream:error><conflict/></stream:error>",
		"<x:a y:b='' xmlns:x='u'/>", "<a>&#xD800;</a>", "<a><!-- \ufffe --></a>", "<a", "<a><!-", "<a>\xff</a>", "<a b=c/></a>", "<a/><b><c></b>",
	} {
		f.Add(seed)
	}
	const limit = 1 << 16
	f.Fuzz(func(t *testing.T, text string) {
		elements, err := readAll(text, limit)
		atOnce, atOnceErr := readFrom(strings.NewReader(text), limit)
		require.Equal(t, err, atOnceErr)
		require.Equal(t, elements, atOnce)
		checkElements(t, text, elements)

		want, readable := childrenOf(text)
		if !readable {
			return
		}
		require.Equal(t, io.EOF, err)
		require.Len(t, elements, len(want))
		for i, e := range elements {
			// encoding/xml accepts any character in a comment, in an instruction, and by the
			// number of a surrogate, which it reads as U+FFFD.
			if e.Damaged && (strings.Contains(want[i], "\uFFFD") || strings.Contains(text, "<!--") || strings.Contains(text, "<?")) {
				continue
			}
			require.False(t, e.Damaged, "%q", e.Raw)
			require.Equal(t, want[i], print(t, e.AllTokens()))
		}
	})
}

// checkElements checks what holds for the elements of any stream.
func checkElements(t *testing.T, text string, elements []framing.Element) {
	for _, e := range elements {
		require.NotEmpty(t, e.Start.Name.Local)
		if e.Damaged {
			require.Contains(t, e.Raw, "\uFFFD")
		} else {
			_, after, found := strings.Cut(text, e.Raw)
			require.True(t, found, "%q: not in the rest of the stream", e.Raw)
			text = after
		}
		first, err := e.AllTokens().Token()
		require.NoError(t, err)
		require.Equal(t, first, e.Start, "%q", e.Raw)
		e.StreamError()
		_ = e.Decode(new(struct {
			Text     string `xml:",chardata"`
			Children []struct {
				XMLName xml.Name
			} `xml:",any"`
		}))
		var children, depth int
		r := e.Tokens()
		for {
			token, err := r.Token()
			if err == io.EOF {
				assert.Equal(t, children, e.Children)
			}
			if err != nil {
				break
			}
			switch token.(type) {
			case xml.StartElement:
				if depth++; depth == 1 {
					children++
				}
			case xml.EndElement:
				depth--
			}
		}
	}
}

// childrenOf reads the children of a stream's root by encoding/xml alone, and prints their
// tokens. readable is false if the stream is not well-formed.
func childrenOf(text string) (children []string, readable bool) {
	d := xml.NewDecoder(strings.NewReader("<stream:stream xmlns='" + component + "' xmlns:stream='" + framing.Namespace + "'>" + text + "</stream:stream>"))
	depth := -1
	for {
		token, err := d.Token()
		if err != nil {
			return children, err == io.EOF
		}
		switch token.(type) {
		case xml.StartElement:
			if depth++; depth == 1 {
				children = append(children, "")
			}
		case xml.EndElement:
			depth--
		case xml.Directive:
			return nil, false // a document type inside the root is not XML
		}
		_, ends := token.(xml.EndElement)
		if depth > 0 || depth == 0 && ends {
			children[len(children)-1] += fmt.Sprintf("%T %q\n", token, token)
		}
	}
}

// print prints the tokens of an element.
func print(t *testing.T, r xml.TokenReader) (text string) {
	for depth := 0; ; {
		token, err := r.Token()
		require.NoError(t, err)
		text += fmt.Sprintf("%T %q\n", token, token)
		switch token.(type) {
		case xml.StartElement:
			depth++
		case xml.EndElement:
			if depth--; depth == 0 {
				return text
			}
		}
	}
}

// FuzzWellFormed: the elements of a well-formed stream come out as they were written.
func FuzzWellFormed(f *testing.F) {
	f.Add("abc")
	f.Add("(a)(b(c)d)e")
	f.Add("0(123(456)789)0((()))")
	f.Fuzz(func(t *testing.T, choices string) {
		c := composer{choices: choices}
		text, want := c.stream()
		elements, err := readAll(text, 1<<20)
		require.Equal(t, io.EOF, err)
		var got []string
		for _, e := range elements {
			assert.False(t, e.Damaged, "%q", e.Raw)
			got = append(got, e.Raw)
		}
		require.Equal(t, want, got, "%q", text)
		for _, e := range elements {
			r := e.Tokens()
			for err = error(nil); err == nil; {
				_, err = r.Token()
			}
			require.True(t, errors.Is(err, io.EOF), "%q: %v", e.Raw, err)
		}
	})
}

// composer composes a well-formed stream as the characters of a text choose: each is one
// piece, and parentheses enclose the content of an element.
type composer struct{ choices string }

func (c *composer) next() (choice byte, ok bool) {
	if c.choices == "" {
		return 0, false
	}
	choice, c.choices = c.choices[0], c.choices[1:]
	return choice, true
}

// stream composes a stream, and returns its elements too.
func (c *composer) stream() (text string, elements []string) {
	between := []string{" ", "\n", "<!-- <a> -->", "<?a <b> ?>", "text", "&amp;"}
	for {
		choice, ok := c.next()
		switch {
		case !ok:
			return text, elements
		case choice == '(' || choice%2 == 0:
			elements = append(elements, c.element(choice))
			text += elements[len(elements)-1]
		default:
			text += between[int(choice)%len(between)]
		}
	}
}

// element composes an element, whose choice has been made.
func (c *composer) element(choice byte) string {
	attributes := []string{"", " a='>'", ` a="/>"`, ` a='"' b="'"`, " a='&lt;&#10;'", " xmlns='urn:x'", " xmlns:x='urn:x' x:y='<!--'", "\n\ta = 'é'\r\n", " stream:a=''", " a='?>' b=']]>'"}
	// An attribute's value has no < (XML 1.0 §3.1).
	start := "<a" + strings.ReplaceAll(attributes[int(choice)%len(attributes)], "<", "&lt;")
	if choice != '(' {
		return start + "/>"
	}
	return start + ">" + c.content() + "</a >"
}

// content composes the content of an element, up to its closing parenthesis.
func (c *composer) content() (text string) {
	pieces := []string{
		"x", "&lt;/a>", "&#xFFFD;", "<![CDATA[</a>&#1;]]>", "<![CDATA[]]]]>", "<!-- </a> > &#0; -->", "<!---->", "<?b </a> &#0; ?>", "> '\"", "\r\n\t", "é😀", "<stream:error/>",
		"&#x000000000000000000000041;", "<![CDATA[<!--]]>", "<!--<![CDATA[-->", "/>",
	}
	for {
		choice, ok := c.next()
		switch {
		case !ok || choice == ')':
			return text
		case choice == '(':
			text += c.element(choice)
		default:
			text += pieces[int(choice)%len(pieces)]
		}
	}
}
