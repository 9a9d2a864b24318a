package daemon

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestMissingHostsAreWarnedOfOnce(t *testing.T) {
	var log bytes.Buffer
	m := missing{log: slog.New(slog.NewTextHandler(&log, nil))}
	for range 2 {
		for i := range maxMissing + 10 {
			m.note(fmt.Sprintf("h%d.example", i))
		}
	}
	assert.Equal(t, maxMissing, strings.Count(log.String(), "level=WARN"))
	assert.Equal(t, 1, strings.Count(log.String(), "host=h7.example"))
}
