package cli

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"

	"emanagement/verb/wire"
)

// TestProgressStaysOnOneRow: what is wider than the terminal would be drawn on a
// row of its own each time.
func TestProgressStaysOnOneRow(t *testing.T) {
	bar, text := rowFor(new(bytes.Buffer))
	assert.Equal(t, [2]int{barWidth, 48}, [2]int{bar, text}, "of 80 characters")
	assert.Equal(t, "äöü", cut("äöüß", 3))
	assert.Equal(t, "", cut("a", 0))

	var out bytes.Buffer
	p := &progress{out: &out}
	p.show(wire.Progress{Text: "1234567890123456789012345678901234567890123456789012345678901234567890", Done: 27, Total: 100})
	for row := range bytes.SplitSeq(out.Bytes(), []byte("\r")) {
		assert.LessOrEqual(t, len([]rune(string(row))), 80, string(row))
	}
}
