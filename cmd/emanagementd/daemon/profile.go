package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"sync"
	"time"
)

// profilesPath is where the profiles are served, as net/http/pprof expects it.
const profilesPath = "/debug/pprof/"

// headerLimit limits how long a reader of profiles may take to send its request.
const headerLimit = 10 * time.Second

// serveProfiles serves the profiles of the program (net/http/pprof) at an address until
// stop is called. Without an address it serves nothing. The address must be one of the
// loopback interface: a profile tells about users, and making one costs time.
func serveProfiles(ctx context.Context, address string, log *slog.Logger) (stop func(), err error) {
	if address == "" {
		return func() {}, nil
	}
	if err := checkLoopback(address); err != nil {
		return nil, err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("--pprof: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc(profilesPath, pprof.Index)
	mux.HandleFunc(profilesPath+"profile", pprof.Profile)
	mux.HandleFunc(profilesPath+"trace", pprof.Trace)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: headerLimit}
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			log.Error("profiles are not served any more", "why", err)
		}
	})
	log.Info("profiles are served", "url", "http://"+l.Addr().String()+profilesPath)
	return func() {
		_ = server.Close() // nobody waits for a profile of a program that stops
		serving.Wait()
	}, nil
}

// checkLoopback refuses an address that other machines could reach.
func checkLoopback(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("--pprof: %q is not an address such as 127.0.0.1:6060", address)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("--pprof: %s: other machines could read the profiles; name an address of this machine alone, such as 127.0.0.1:6060", address)
	}
	return nil
}
