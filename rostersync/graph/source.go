package graph

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// maxWindow limits the memory that compressed data may ask for, in bytes.
const maxWindow = 64 << 20

// source is the text of an input. It notes where compressed data is cut off, and then ends as
// a complete text does.
type source struct {
	reader io.Reader // the input, as it came
	failed error     // why the input could not be read further; nil at its end
	plain  io.Reader // what it contains
	last   byte      // the last byte of the text
	cut    string    // how the text was cut off; empty if it was not
}

// input reads the input as it came.
type input struct{ *source }

func (i input) Read(b []byte) (int, error) {
	n, err := i.reader.Read(b)
	if err != nil && err != io.EOF {
		i.failed = err
	}
	return n, err
}

// decompress returns the text of the input.
func (s *source) decompress() (io.Reader, error) {
	buffered := bufio.NewReaderSize(input{s}, 64<<10)
	magic, err := buffered.Peek(4)
	switch {
	case err != nil && err != io.EOF:
		return nil, err
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		s.plain, err = gzip.NewReader(buffered)
	case bytes.HasPrefix(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		var d *zstd.Decoder
		// One goroutine less to end: the decoder works when it is read.
		d, err = zstd.NewReader(buffered, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
		s.plain = d
	default:
		s.plain, err = buffered, nil
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || err == io.EOF {
		s.plain, err = bytes.NewReader(nil), nil
		s.cut = "the compressed data is cut off"
	}
	return s, err
}

func (s *source) Read(b []byte) (int, error) {
	n, err := s.plain.Read(b)
	if n > 0 {
		s.last = b[n-1]
	}
	switch {
	case err == nil || err == io.EOF:
		return n, err
	case s.failed != nil:
		return n, s.failed
	case errors.Is(err, io.ErrUnexpectedEOF):
		s.cut = "the compressed data is cut off"
		return n, io.EOF
	}
	return n, fmt.Errorf("the compressed data is damaged: %w", err)
}
