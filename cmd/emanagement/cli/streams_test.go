package cli

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"

	"emanagement/verb/wire"
)

// TestProgressStaysOnOneRow checks the width, because a terminal would show each drawing of
// a wider bar on a row of its own.
func TestProgressStaysOnOneRow(t *testing.T) {
	bar, text := rowLayout(new(bytes.Buffer))
	assert.Equal(t, [2]int{barWidth, 48}, [2]int{bar, text}, "of 80 characters")
	assert.Equal(t, "äöü", truncated("äöüß", 3))
	assert.Equal(t, "", truncated("a", 0))

	var out bytes.Buffer
	p := &progress{out: &out}
	p.draw(wire.Progress{Text: "1234567890123456789012345678901234567890123456789012345678901234567890", Done: 27, Total: 100})
	for row := range bytes.SplitSeq(out.Bytes(), []byte("\r")) {
		assert.LessOrEqual(t, len([]rune(string(row))), 80, string(row))
	}
}
