package main

import (
	"encoding/xml"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"emanagement/xmpp/framing"
)

// responder is a component that answers ad-hoc commands as quickly as a component can: it
// asks the server the bare stanzas of the operation that the command's node names, and then
// answers. It is the limit of what any component can do with ad-hoc commands.
type responder struct {
	peer    *peer
	running sync.WaitGroup

	mu         sync.Mutex
	operations map[string]operation // by the node's first word
	pending    map[string]*task     // by the id of a stanza
	ids        int
}

// task is a command that is not answered yet.
type task struct {
	from, id string
	left     int      // stanzas without an answer
	then     []stanza // to ask after those
	failure  error    // the first answer that is no result
}

// The nodes are NAME/N for the bare stanzas, and exactly NAME/N to read first.
const exactly = "exactly "

func newResponder(p *peer) *responder {
	r := &responder{peer: p, pending: make(map[string]*task)}
	r.running.Go(r.run)
	return r
}

// serve makes the responder answer for these operations.
func (r *responder) serve(operations []operation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.operations = make(map[string]operation)
	for _, o := range operations {
		r.operations[o.name] = o
	}
}

// stop leaves the stream. The responder's own reader reads the server's end of it.
func (r *responder) stop() error {
	err := r.peer.leave()
	r.running.Wait()
	return errors.Join(err, r.peer.close())
}

func (r *responder) run() {
	for {
		e, err := r.peer.next()
		if err != nil {
			return // the stream has ended
		}
		if e.Start.Name.Local != "iq" {
			continue
		}
		if err := r.receive(e); err != nil {
			return // the stream has ended
		}
	}
}

// receive takes an answer, or a command.
func (r *responder) receive(e framing.Element) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	id, from := attr(e.Start, "id"), attr(e.Start, "from")
	t := r.pending[id]
	if t == nil {
		t = &task{from: from, id: id}
		if err := r.begin(e, t); err != nil {
			return r.refuse(t, err)
		}
		return nil
	}
	delete(r.pending, id)
	if err := isResult(e); err != nil && t.failure == nil {
		t.failure = err
	}
	if t.left--; t.left > 0 {
		return nil
	}
	if t.failure != nil {
		return r.refuse(t, t.failure)
	}
	if t.then != nil {
		next := t.then
		t.then = nil
		return r.ask(t, next)
	}
	return r.peer.send(fmt.Sprintf("<iq type='result' id='%s' to='%s' from='%s'><command xmlns='http://jabber.org/protocol/commands' node='x' sessionid='x' status='completed'><note type='info'>Done</note></command></iq>", t.id, t.from, floorComponent))
}

// begin begins a command.
func (r *responder) begin(e framing.Element, t *task) error {
	_, node, _ := strings.Cut(e.Raw, " node='")
	node, _, _ = strings.Cut(node, "'")
	name, number, _ := strings.Cut(node, "/")
	name, exact := strings.CutPrefix(name, exactly)
	o, known := r.operations[name]
	n, err := strconv.Atoi(number)
	if !known || err != nil {
		return errors.New("no such operation")
	}
	if reads := o.reads(n); exact && reads != nil {
		t.then = o.does(n)
		return r.ask(t, reads)
	}
	return r.ask(t, o.does(n))
}

// ask sends the stanzas of a command.
func (r *responder) ask(t *task, stanzas []stanza) error {
	t.left = len(stanzas)
	var text strings.Builder
	for _, s := range stanzas {
		r.ids++
		id := "f" + strconv.Itoa(r.ids)
		r.pending[id] = t
		text.WriteString(s.xml(floorComponent, id))
	}
	return r.peer.send(text.String())
}

func (r *responder) refuse(t *task, why error) error {
	var text strings.Builder
	_ = xml.EscapeText(&text, []byte(why.Error())) // never fails
	return r.peer.send(fmt.Sprintf("<iq type='error' id='%s' to='%s' from='%s'><error type='cancel'><bad-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>%s</text></error></iq>",
		t.id, t.from, floorComponent, text.String()))
}
