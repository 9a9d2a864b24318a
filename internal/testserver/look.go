package testserver

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// Run starts a server of the kind AdHoc for a test.
func Run(tb testing.TB, edit func(config map[string]any)) *Server {
	tb.Helper()
	return AdHoc.Run(tb, edit)
}

// newLooking is the client that the tests look with. It has an address of its
// own, to which the documented texts permit nothing: what they lack is not made
// up for by what the tests may.
func newLooking() *http.Client {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	return &http.Client{Transport: &http.Transport{DialContext: dialer.DialContext, MaxIdleConnsPerHost: 4}}
}

// LookURL is where the server's own commands are, for who comes from 127.0.0.2.
func (s *Server) LookURL() string { return "http://" + addr(s.http) + "/api" }

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
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.LookURL()+"/"+command, bytes.NewReader(body))
	if err != nil {
		return err
	}
	resp, err := s.looking.Do(req)
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
