package daemon

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestProfiles serves profiles on loopback, until they are stopped.
func TestProfiles(t *testing.T) {
	var log bytes.Buffer
	stop, err := serveProfiles(t.Context(), "127.0.0.1:0", slog.New(slog.NewTextHandler(&log, nil)))
	require.NoError(t, err)
	url := regexp.MustCompile(`http://127\.0\.0\.1:\d+/debug/pprof/`).FindString(log.String())
	require.NotEmpty(t, url, log.String())
	for _, profile := range []string{"", "heap", "goroutine"} {
		answer, err := http.Get(url + profile)
		require.NoError(t, err)
		text, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		assert.Equal(t, http.StatusOK, answer.StatusCode)
		assert.NotEmpty(t, text)
	}
	stop()
	_, err = http.Get(url)
	assert.Error(t, err)

	stop, err = serveProfiles(t.Context(), "", nil)
	require.NoError(t, err, "without an address there are none")
	stop()
}

// TestProfilesStayHere refuses addresses that other machines could reach.
func TestProfilesStayHere(t *testing.T) {
	for _, address := range []string{":6060", "0.0.0.0:6060", "[::]:6060", "192.0.2.1:6060", "example.org:6060", "6060", "localhost"} {
		_, err := serveProfiles(t.Context(), address, nil)
		assert.ErrorContains(t, err, "--pprof: ", address)
	}
	for _, address := range []string{"localhost:1", "127.8.8.8:1", "[::1]:1"} {
		assert.NoError(t, checkLoopback(address), address)
	}
}
