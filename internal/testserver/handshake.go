package testserver

import (
	"bufio"
	"crypto/sha1"
	"fmt"
	"net"
	"strings"
)

// Authenticate makes the handshake of a component by hand (XEP-0114 §3). r must read from conn,
// and has the stanzas that follow: the reader of a library might keep some of them.
func Authenticate(conn net.Conn, r *bufio.Reader, domain, secret string) error {
	if _, err := fmt.Fprintf(conn, "<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' to='%s'>", domain); err != nil {
		return err
	}
	header := ""
	for !strings.Contains(header, "id='") {
		var err error
		if header, err = r.ReadString('>'); err != nil {
			return err
		}
	}
	_, id, _ := strings.Cut(header, "id='")
	id, _, _ = strings.Cut(id, "'")
	_, err := fmt.Fprintf(conn, "<handshake>%x</handshake>", sha1.Sum([]byte(id+secret)))
	return err
}
