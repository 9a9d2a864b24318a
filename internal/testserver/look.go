package testserver

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"
)

// Run starts a server for a test and closes it at the test's end. Where there
// is no ejabberd, the test fails and says what to do.
func Run(tb testing.TB, edit func(config map[string]any)) *Server {
	tb.Helper()
	s, err := New(edit)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
		if tb.Failed() {
			tb.Logf("the server's log:\n%s", s.Log())
		}
	})
	if err := s.Start(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	return s
}

// API calls one of the server's own commands over HTTP and decodes its answer
// into v. This is how tests look at what the server stores: another way than
// the stanzas that wrote it.
func (s *Server) API(ctx context.Context, command string, args, v any) error {
	body, err := json.Marshal(args)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+addr(s.http)+"/api/"+command, bytes.NewReader(body))
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s: %s", command, resp.Status, answer)
	}
	return json.Unmarshal(answer, v)
}
