package xmppclient

import (
	"context"
	"fmt"
	"net"
)

const nsClient = "jabber:client"

// dialLoopback opens a connection. It refuses a peer on another machine, because tests
// must not reach one.
func dialLoopback(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	peer, ok := conn.RemoteAddr().(*net.TCPAddr)
	if !ok || !peer.IP.IsLoopback() {
		_ = conn.Close()
		return nil, fmt.Errorf("xmpp server %s: not a loopback address", addr)
	}
	return conn, nil
}
