package component

import (
	"errors"
	"fmt"
	"net"
	"strings"
)

// CheckAddress returns an error if a component cannot connect to addr. It can to
// "host:port", "tls://host:port" and "unix:/path". (XEP-0114 has no STARTTLS.)
func CheckAddress(addr string) error {
	_, _, _, err := splitAddress(addr)
	return err
}

func splitAddress(addr string) (network, target string, secure bool, err error) {
	if path, ok := strings.CutPrefix(addr, "unix:"); ok {
		if path == "" {
			return "", "", false, errors.New(`after "unix:" the socket's path is missing`)
		}
		return "unix", path, false, nil
	}
	target, secure = strings.CutPrefix(addr, "tls://")
	host, port, err := net.SplitHostPort(target)
	if err != nil || host == "" || port == "" {
		return "", "", false, fmt.Errorf("%q: neither host:port nor tls://host:port nor unix:/path", addr)
	}
	if _, err := net.LookupPort("tcp", port); err != nil {
		return "", "", false, fmt.Errorf("%q: no such port: %s", addr, port)
	}
	return "tcp", target, secure, nil
}
