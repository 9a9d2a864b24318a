package main

import (
	"bufio"
	"cmp"
	"encoding/xml"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"emanagement/internal/testserver"
	"emanagement/xmpp/framing"
)

// peer is a stream to the server. Its send may be called concurrently, and its next by one
// goroutine.
type peer struct {
	next  func() (framing.Element, error)
	send  func(text string) error
	close func() error // closes the connection
}

// answerTime limits the time in which all answers must have come.
const answerTime = 5 * time.Minute

// connectComponent connects a component by hand, and waits for the grant of each host.
func connectComponent(address, name string) (*peer, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	in := bufio.NewReader(conn)
	if err := testserver.Authenticate(conn, in, name, testserver.Secret); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", name, err), conn.Close())
	}
	reader := framing.NewReader(in, "jabber:component:accept", framing.DefaultLimit)
	for grants := 0; grants < len(testserver.Hosts()); {
		e, err := reader.Next()
		if err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", name, err), conn.Close())
		}
		if strings.Contains(e.Raw, "privilege") {
			grants++
		}
	}
	var mu sync.Mutex
	p := &peer{next: reader.Next}
	p.send = func(text string) error {
		mu.Lock()
		defer mu.Unlock()
		_, err := conn.Write([]byte(text))
		return err
	}
	p.close = conn.Close
	return p, nil
}

// leave ends the stream. A connection that ends before its stream has lasting effects on the
// component's next one, so awaitEnd must follow.
func (p *peer) leave() error { return p.send("</stream:stream>") }

// awaitEnd reads until the server has ended the stream.
func (p *peer) awaitEnd() error {
	for {
		if _, err := p.next(); errors.Is(err, framing.ErrEnd) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// attr returns an attribute of an element.
func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Space == "" && a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// askAll sends requests through peers, at most inFlight of them unanswered, and returns when
// all are answered. check refuses an answer.
func askAll(peers []*peer, inFlight, count int, request func(n int) string, check func(framing.Element) error) error {
	var all sync.WaitGroup
	failed := make(chan error, 2*len(peers))
	for first, p := range peers {
		window := make(chan struct{}, max(1, inFlight/len(peers)))
		quit := make(chan struct{})
		all.Go(func() {
			for n := first; n < count; n += len(peers) {
				select {
				case window <- struct{}{}:
				case <-quit:
					return
				}
				if err := p.send(request(n)); err != nil {
					failed <- err
					return
				}
			}
		})
		all.Go(func() {
			defer close(quit)
			for n := first; n < count; n += len(peers) {
				if err := p.answer(check); err != nil {
					failed <- err
					return
				}
				<-window
			}
		})
	}
	done := make(chan struct{})
	go func() { // ends when all peers have answered, or are closed
		all.Wait()
		close(done)
	}()
	var err error
	select {
	case <-done:
	case err = <-failed:
	case <-time.After(answerTime):
		err = errors.New("no answer in time")
	}
	if err != nil { // ends their reads
		for _, p := range peers {
			_ = p.close()
		}
	}
	<-done
	select {
	case failure := <-failed:
		return cmp.Or(err, failure)
	default:
		return err
	}
}

// answer reads the next answer.
func (p *peer) answer(check func(framing.Element) error) error {
	for {
		e, err := p.next()
		if err != nil {
			return err
		}
		if e.Start.Name.Local == "iq" {
			return check(e)
		}
	}
}

// isResult refuses an answer that is no result.
func isResult(e framing.Element) error {
	if attr(e.Start, "type") != "result" {
		return fmt.Errorf("not a result: %s", e.Raw)
	}
	return nil
}

// isDone refuses the answer of a verb that was not done.
func isDone(e framing.Element) error {
	if err := isResult(e); err != nil {
		return err
	}
	if strings.Contains(e.Raw, `type='error'`) || strings.Contains(e.Raw, "Error ") {
		return fmt.Errorf("not done: %s", e.Raw)
	}
	return nil
}
