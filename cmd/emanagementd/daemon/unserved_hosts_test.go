package daemon

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestUnservedHostsAreWarnedOfOnce(t *testing.T) {
	var log bytes.Buffer
	u := unservedHosts{log: slog.New(slog.NewTextHandler(&log, nil))}
	for range 2 {
		for i := range maxUnservedHosts + 10 {
			u.warn(fmt.Sprintf("h%d.example", i))
		}
	}
	assert.Equal(t, maxUnservedHosts, strings.Count(log.String(), "level=WARN"))
	assert.Equal(t, 1, strings.Count(log.String(), "host=h7.example"))
}
