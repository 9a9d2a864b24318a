package testserver

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// newInspectionClient returns the HTTP client for the tests. It connects from
// 127.0.0.2, an address without permissions in the documented texts. So the
// permissions of the tests cannot hide a permission that the texts lack.
func newInspectionClient() *http.Client {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	return &http.Client{Transport: &http.Transport{DialContext: dialer.DialContext, MaxIdleConnsPerHost: 4}}
}

// InspectionURL returns the URL of the server's API commands for clients at
// 127.0.0.2.
func (s *Server) InspectionURL() string { return "http://" + addr(s.http) + "/api" }

// API calls one of the server's own API commands over HTTP, decodes its answer
// into v, and takes 30 s at most. The tests read the server's data in this way,
// because the component writes it by stanzas. API may be used concurrently.
func (s *Server) API(ctx context.Context, command string, args, v any) error {
	body, err := json.Marshal(args)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.InspectionURL()+"/"+command, bytes.NewReader(body))
	if err != nil {
		return err
	}
	resp, err := s.inspection.Do(req)
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
