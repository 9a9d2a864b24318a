package framing

import "strings"

// smallSize is the size up to which an element is collected in memory that the next one
// uses again.
const smallSize = 64 << 10

// buffer collects the bytes of one element after the other.
type buffer struct {
	small []byte          // an element of up to smallSize, kept for the next one
	large strings.Builder // a larger one, whose memory becomes the element's
}

func (b *buffer) reset() {
	b.small = b.small[:0]
	b.large.Reset()
}

func (b *buffer) add(piece []byte) {
	if b.large.Len() == 0 && len(b.small)+len(piece) <= smallSize {
		b.small = append(b.small, piece...)
		return
	}
	if b.large.Len() == 0 {
		b.large.Write(b.small)
	}
	b.large.Write(piece)
}

// take returns what was added since the last reset, and keeps none of it if it is large.
func (b *buffer) take() string {
	if b.large.Len() == 0 {
		return string(b.small)
	}
	text := b.large.String()
	b.large.Reset()
	return text
}
