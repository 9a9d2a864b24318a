package framing

import (
	"bufio"
	"io"
	"strings"
)

// scanner reads one element of a stream as bytes. It finds the element's end, and does not
// check that the element is well-formed.
type scanner struct {
	in       *bufio.Reader
	limit    int
	kept     *buffer // the element, or its start tag alone if the element is too large
	size     int     // of the element so far, kept or not
	startTag int     // the size of its start tag; 0 until that has been read
	depth    int     // the number of open elements
	children int
}

// tooLarge reports whether the element is larger than the limit.
func (s *scanner) tooLarge() bool { return s.size > s.limit }

// scanElement reads up to the element's end, and returns the element.
func (s *scanner) scanElement() (element string, err error) {
	for ended := false; !ended; {
		if err := s.scanText(); err != nil {
			return "", err
		}
		if ended, err = s.scanMarkup(); err != nil {
			return "", err
		}
	}
	element = s.kept.take()
	if s.tooLarge() && s.startTag > 0 {
		element = strings.TrimSuffix(element, ">") + "/>" // the start tag alone
	}
	return element, nil
}

// scanText reads the text up to the next markup, and its <. It drops text outside of the
// element.
func (s *scanner) scanText() error {
	err := s.readThrough('<', nil)
	if err == io.EOF && s.depth == 0 {
		return io.EOF
	}
	if err != nil {
		return unexpectedEOF(err)
	}
	if s.depth == 0 {
		s.kept.reset()
		s.kept.add([]byte("<"))
		s.size = 1
	}
	return nil
}

// scanMarkup reads the markup after a <, and reports whether it ends the element.
func (s *scanner) scanMarkup() (ended bool, err error) {
	next, err := s.in.Peek(1)
	if err != nil {
		return false, unexpectedEOF(err)
	}
	switch next[0] {
	case '/':
		if s.depth == 0 {
			return false, ErrEnd
		}
		s.depth--
		return s.depth == 0, unexpectedEOF(s.readThrough('>', nil))
	case '?':
		return false, s.readThroughText("?>")
	case '!':
		return false, s.scanDeclaration()
	}
	return s.scanStartTag()
}

// scanStartTag reads a start tag. Its attributes may contain a >.
func (s *scanner) scanStartTag() (ended bool, err error) {
	var quote byte
	var end lastBytes
	see := func(piece []byte) {
		end.add(piece)
		for _, b := range piece {
			switch {
			case quote != 0 && b == quote:
				quote = 0
			case quote == 0 && (b == '"' || b == '\''):
				quote = b
			}
		}
	}
	for {
		if err := s.readThrough('>', see); err != nil {
			return false, unexpectedEOF(err)
		}
		if quote == 0 {
			break
		}
	}
	if s.depth == 1 {
		s.children++
	}
	if end.are("/>") {
		return s.depth == 0, nil
	}
	if s.depth == 0 && !s.tooLarge() {
		s.startTag = s.size
	}
	s.depth++
	return false, nil
}

// scanDeclaration reads a comment or a CDATA section.
func (s *scanner) scanDeclaration() error {
	// The shorter start comes first: a Peek beyond the end of a comment could wait for
	// bytes that never arrive.
	for _, known := range []struct{ open, end string }{{"!--", "-->"}, {"![CDATA[", "]]>"}} {
		if next, err := s.in.Peek(len(known.open)); err == nil && string(next) == known.open {
			err := s.keep(next)
			_, _ = s.in.Discard(len(known.open)) // cannot fail after Peek
			if err != nil {
				return err
			}
			return s.readThroughText(known.end)
		}
	}
	return errDoctype
}

// readThroughText reads up to and including a text of at most three bytes.
func (s *scanner) readThroughText(end string) error {
	var last lastBytes
	for {
		if err := s.readThrough(end[len(end)-1], last.add); err != nil {
			return unexpectedEOF(err)
		}
		if last.are(end) {
			return nil
		}
	}
}

// readThrough reads up to and including a byte. see, if not nil, is called with each piece.
func (s *scanner) readThrough(b byte, see func(piece []byte)) error {
	for {
		piece, err := s.in.ReadSlice(b)
		if see != nil {
			see(piece)
		}
		// Text between two elements is not kept.
		if s.depth > 0 || b != '<' {
			if err := s.keep(piece); err != nil {
				return err
			}
		}
		if err != bufio.ErrBufferFull {
			return err
		}
	}
}

// keep adds a piece to the element. Of an element that is too large only the start tag
// remains, and the rest of the memory is released at once.
func (s *scanner) keep(piece []byte) error {
	before := s.tooLarge()
	s.size += len(piece)
	switch {
	case s.size > endlessFactor*s.limit:
		return &TooLargeError{endlessFactor * s.limit}
	case !s.tooLarge():
		s.kept.add(piece)
	case !before:
		startTag := strings.Clone(s.kept.take()[:s.startTag])
		s.kept.reset()
		s.kept.add([]byte(startTag))
	}
	return nil
}

// lastBytes are the last three bytes of what was added.
type lastBytes struct{ text [3]byte }

func (l *lastBytes) add(piece []byte) {
	for _, b := range piece[max(0, len(piece)-len(l.text)):] {
		l.text[0], l.text[1], l.text[2] = l.text[1], l.text[2], b
	}
}

// are reports whether the last bytes are a text of at most three bytes.
func (l *lastBytes) are(text string) bool {
	return string(l.text[len(l.text)-len(text):]) == text
}

// unexpectedEOF turns io.EOF into io.ErrUnexpectedEOF: the input ended within an element.
func unexpectedEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
