package component

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmlstream"
)

// tokensOf are all tokens of a reader.
func tokensOf(t *testing.T, r xml.TokenReader) []xml.Token {
	t.Helper()
	tokens, err := xmlstream.ReadAll(r)
	require.NoError(t, err)
	return tokens
}

// TestPacked: what is packed comes out as it went in, as often as it is read.
func TestPacked(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":     "",
		"text alone":  "a &lt;b&gt; 😀\n\x7f",
		"empty":       "<a/>",
		"attributes":  `<a b="1" c="" x:d="&quot;&#10;" xmlns:x="urn:x" xmlns="urn:y"/>`,
		"several":     "<a/> <b>1</b>\n<a xmlns='urn:z'><b/></a>",
		"many":        strings.Repeat("<a b='c'>d</a>", 30_000),
		"nested":      strings.Repeat("<a><b c='d'>", 300) + "e" + strings.Repeat("</b></a>", 300),
		"long":        "<a b='" + strings.Repeat("é", 70_000) + "'>" + strings.Repeat("x", 1<<21) + "</a>",
		"length 127":  "<a>" + strings.Repeat("x", 127) + "</a>",
		"length 128":  "<a>" + strings.Repeat("x", 128) + "</a>",
		"length 2^14": "<a>" + strings.Repeat("x", 1<<14) + "</a>",
	} {
		t.Run(name, func(t *testing.T) {
			want := tokensOf(t, xml.NewDecoder(strings.NewReader(text)))
			p, err := pack(xml.NewDecoder(strings.NewReader(text)))
			require.NoError(t, err)
			for range 2 {
				assert.Equal(t, want, tokensOf(t, p.reader()))
			}
			assert.LessOrEqual(t, len(strings.Join(p, "")), 2*len(text)+8)
		})
	}
	t.Run("what says nothing", func(t *testing.T) {
		p, err := pack(xml.NewDecoder(strings.NewReader("<?xml version='1.0'?><!DOCTYPE a><a><!-- b --></a>")))
		require.NoError(t, err)
		assert.Len(t, tokensOf(t, p.reader()), 2)
	})
}

// TestUnpackable: half an element, or a reader that fails, is an error.
func TestUnpackable(t *testing.T) {
	start, end := xml.StartElement{Name: xml.Name{Local: "a"}}, xml.EndElement{Name: xml.Name{Local: "a"}}
	for _, tokens := range [][]xml.Token{{start}, {end}, {end, start}, {start, end, end}, {start, start, end}} {
		left := tokens
		_, err := pack(xmlstream.ReaderFunc(func() (xml.Token, error) {
			if len(left) == 0 {
				return nil, io.EOF
			}
			next := left[0]
			left = left[1:]
			return next, nil
		}))
		assert.ErrorIs(t, err, errUnbalanced, tokens)
	}
	failure := errors.New("failure")
	_, err := pack(xmlstream.ReaderFunc(func() (xml.Token, error) { return nil, failure }))
	assert.ErrorIs(t, err, failure)
}
