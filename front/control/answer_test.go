package control

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/verb/wire"
)

// slow is a caller that uses the whole time for each piece.
type slow struct {
	*httptest.ResponseRecorder
	t        *testing.T
	deadline time.Time
	pieces   int
}

func (s *slow) SetWriteDeadline(at time.Time) error {
	s.deadline = at
	return nil
}

func (s *slow) Write(p []byte) (int, error) {
	s.pieces++
	assert.Greater(s.t, time.Until(s.deadline), ioTimeout-time.Second, "each piece has the whole time")
	s.deadline = time.Now() // the time is used up
	return s.ResponseRecorder.Write(p)
}

// TestDeadlineOfEachPiece checks that each piece of an answer has a deadline of its own.
func TestDeadlineOfEachPiece(t *testing.T) {
	s := &slow{ResponseRecorder: httptest.NewRecorder(), t: t}
	a := &answer{w: s, control: http.NewResponseController(s)}
	a.progress(wire.Progress{Text: "1 of 2"})
	require.NoError(t, a.end(http.StatusOK, wire.Reply{Error: &wire.Error{Text: strings.Repeat("a", 1<<20)}}))
	assert.Greater(t, s.pieces, 10)
	assert.Equal(t, 2, strings.Count(s.Body.String(), "\n"))
}
