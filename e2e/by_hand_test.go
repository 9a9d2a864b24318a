package e2e_test

import (
	"bufio"
	"bytes"
	"crypto/sha1"
	"fmt"
	"net"
	"strings"
)

// commandXML returns a verb as a command with its form filled in, in one step.
func commandXML(verb string, pairs ...string) string {
	var fields strings.Builder
	for i := 0; i < len(pairs); i += 2 {
		fmt.Fprintf(&fields, "<field var='%s'><value>%s</value></field>", pairs[i], pairs[i+1])
	}
	return fmt.Sprintf("<command xmlns='http://jabber.org/protocol/commands' node='%s'><x xmlns='jabber:x:data' type='submit'>%s</x></command>", verb, &fields)
}

// authenticate performs the component handshake of a domain by hand. The reader of a library
// might already have buffered later stanzas.
func authenticate(conn net.Conn, r *bufio.Reader, domain, secret string) error {
	fmt.Fprintf(conn, "<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' to='%s'>", domain)
	header, err := readUntil(r, ">")
	for err == nil && !bytes.Contains(header, []byte("id=")) {
		header, err = readUntil(r, ">")
	}
	if err != nil {
		return err
	}
	_, id, _ := strings.Cut(string(header), "id='")
	id, _, _ = strings.Cut(id, "'")
	_, err = fmt.Fprintf(conn, "<handshake>%x</handshake>", sha1.Sum([]byte(id+secret)))
	return err
}

func readUntil(r *bufio.Reader, end string) ([]byte, error) {
	var text []byte
	for !bytes.HasSuffix(text, []byte(end)) {
		part, err := r.ReadBytes('>')
		if err != nil {
			return text, err
		}
		text = append(text, part...)
	}
	return text, nil
}
