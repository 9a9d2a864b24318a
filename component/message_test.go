package component

import (
	"context"
	"encoding/xml"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// collects registers a handler that sends the messages to a channel. It panics on a
// message whose body is "panic".
func (r *rig) collects() <-chan Message {
	got := make(chan Message, 10000)
	r.c.OnMessage(func(ctx context.Context, m Message) {
		assert.NoError(r.t, ctx.Err())
		assert.Equal(r.t, m.From.Bare().String(), requesterOf(ctx))
		got <- m
		if m.Body() == "panic" {
			panic("as told")
		}
	})
	return got
}

// TestMessageContent checks what the methods of a message return.
func TestMessageContent(t *testing.T) {
	in := func(space, local string) xml.Name { return xml.Name{Space: space, Local: local} }
	const stream = "jabber:component:accept"
	for name, test := range map[string]struct {
		inside, body, thread string
		children             []xml.Name
	}{
		"nothing":        {"", "", "", nil},
		"white space":    {" \n ", "", "", nil},
		"a body":         {"<body>a &lt;b&gt;\n\tc 😀</body>", "a <b>\n\tc 😀", "", []xml.Name{in(stream, "body")}},
		"an empty body":  {"<body/>", "", "", []xml.Name{in(stream, "body")}},
		"a blank body":   {"<body> </body>", " ", "", []xml.Name{in(stream, "body")}},
		"pieces":         {"<body>a<![CDATA[<b>]]>&amp;</body>", "a<b>&", "", []xml.Name{in(stream, "body")}},
		"two bodies":     {"<body xml:lang='de'>eins</body><body>two</body>", "eins", "", []xml.Name{in(stream, "body"), in(stream, "body")}},
		"a nested body":  {"<x xmlns='urn:test'><body xmlns='jabber:component:accept'>no</body></x>", "", "", []xml.Name{in("urn:test", "x")}},
		"another's body": {"<body xmlns='http://www.w3.org/1999/xhtml'>no</body><body>yes</body>", "yes", "", []xml.Name{in("http://www.w3.org/1999/xhtml", "body"), in(stream, "body")}},
		"text inside":    {"<body>a<b>c</b>d</body>", "ad", "", []xml.Name{in(stream, "body")}},
		"a thread":       {"<thread parent='p'>t1</thread><body>hi</body>", "hi", "t1", []xml.Name{in(stream, "thread"), in(stream, "body")}},
		"chat state":     {"<active xmlns='http://jabber.org/protocol/chatstates'/>", "", "", []xml.Name{in("http://jabber.org/protocol/chatstates", "active")}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				got := r.collects()
				r.run()
				p := r.accept("localhost")
				_, err := fmt.Fprintf(p.conn, "<message type='chat' id='1' from='a@localhost/r' to='%s/x'>%s</message>", service, test.inside)
				require.NoError(t, err)
				m := receive(t, got)
				assert.Equal(t, test.body, m.Body())
				assert.Equal(t, test.thread, m.Thread())
				assert.Equal(t, test.children, m.Children())
				assert.Equal(t, "a@localhost/r", m.From.String())
				assert.Equal(t, service+"/x", m.To.String())
				assert.EqualValues(t, "chat", m.Type)
				assert.Zero(t, m.Missed)
				p.hearsNothing()
			})
		})
	}
}

// TestMessages: a message to an address of this component is handled, from any sender
// and of any type but error. A panic of the handler stops no other message.
func TestMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		got := r.collects()
		r.run()
		p := r.accept("localhost")
		send := func(from, to, typ string) {
			p.send("<message type='%s' from='%s' to='%s'><body>panic</body></message>", typ, from, to)
			synctest.Wait()
		}
		for _, to := range []string{"localhost", "a@localhost", "x." + service, "@", ""} {
			send("a@localhost/r", to, "chat")
		}
		for _, from := range []string{"@", ""} {
			send(from, service, "chat")
		}
		send("a@localhost/r", service, "error")
		p.grant("localhost") // a message too
		require.Empty(t, got)
		panics := 0
		for _, from := range []string{"a@localhost/r", "a@localhost", "far.example", service} {
			for _, to := range []string{service, "name@" + service, service + "/r"} {
				// RFC 6121 §5.2.2: an unknown type means normal.
				for sent, typ := range map[string]string{"": "normal", "chat": "chat", "normal": "normal", "groupchat": "groupchat", "headline": "headline", "nonsense": "normal"} {
					send(from, to, sent)
					m := receive(t, got)
					assert.Equal(t, []string{from, to, typ}, []string{m.From.String(), m.To.String(), string(m.Type)})
					panics++
				}
			}
		}
		assert.Empty(t, got)
		assert.Len(t, r.log.with("ERROR", "panicked"), panics)
		p.hearsNothing()
	})
}

// TestMessagesInOrder: the messages of one sender are handled one after the other, from
// all its resources. The messages of another sender do not wait for them.
func TestMessagesInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		var mu sync.Mutex
		taken := make(map[string][]string)
		busy := make(map[string]bool)
		release := make(chan struct{})
		r.c.OnMessage(func(_ context.Context, m Message) {
			from := m.From.Bare().String()
			mu.Lock()
			assert.False(t, busy[from], "one at a time")
			busy[from] = true
			mu.Unlock()
			if from == "slow@localhost" {
				<-release
			}
			mu.Lock()
			busy[from] = false
			taken[from] = append(taken[from], m.Body())
			mu.Unlock()
		})
		r.run()
		p := r.accept("localhost")
		var want []string
		for i := range maxQueuedOfSender {
			for _, from := range []string{"slow@localhost", "quick@localhost"} {
				p.send("<message from='%s/r%d' to='%s'><body>%d</body></message>", from, i%3, service, i)
			}
			synctest.Wait()
			want = append(want, strconv.Itoa(i))
		}
		mu.Lock()
		assert.Equal(t, map[string][]string{"quick@localhost": want}, taken)
		mu.Unlock()
		close(release)
		synctest.Wait()
		assert.Equal(t, map[string][]string{"quick@localhost": want, "slow@localhost": want}, taken)
		assert.Empty(t, r.c.queue.waiting)
		assert.Zero(t, r.c.queue.total)
		assert.Empty(t, r.c.pool.byRequester)
	})
}

// TestTooManyMessages: the last queued message counts the dropped ones after it.
func TestTooManyMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		got := make(chan Message, 1000)
		release := make(chan struct{})
		r.c.OnMessage(func(_ context.Context, m Message) {
			<-release
			got <- m
		})
		r.run()
		p := r.accept("localhost")
		send := func(n int) {
			for range n {
				p.send("<message from='a@localhost/r' to='%s'><body>hi</body></message>", service)
				synctest.Wait()
			}
		}
		missed := func(n int) (counts []int) {
			for range n {
				counts = append(counts, receive(t, got).Missed)
			}
			return counts
		}
		send(1 + maxQueuedOfSender + 1000) // one is being handled
		release <- struct{}{}
		synctest.Wait()
		send(1 + 7) // there is room for one again
		close(release)
		want := make([]int, 1+maxQueuedOfSender+1)
		want[maxQueuedOfSender], want[maxQueuedOfSender+1] = 1000, 7
		assert.Equal(t, want, missed(len(want)))
		send(1)
		assert.Equal(t, []int{0}, missed(1))
		assert.Empty(t, got)
		assert.Len(t, r.log.with("WARN", "too many at once"), 1007)
	})
}

// TestQueueIsBounded: the queue has a limit for all senders together, too.
func TestQueueIsBounded(t *testing.T) {
	q := messageQueue{waiting: make(map[string][]Message)}
	sender := func(i int) string { return fmt.Sprintf("a%d@localhost", i/maxQueuedOfSender) }
	for i := range maxQueued {
		needsWorker, ok := q.enqueue(sender(i), Message{})
		require.True(t, ok)
		require.Equal(t, i%maxQueuedOfSender == 0, needsWorker)
	}
	for _, s := range []string{sender(0), "new@localhost"} {
		needsWorker, ok := q.enqueue(s, Message{})
		assert.False(t, ok)
		assert.False(t, needsWorker, "there is no message for a worker")
	}
	assert.Len(t, q.waiting, maxQueued/maxQueuedOfSender)
	_, ok := q.dequeue(sender(0))
	require.True(t, ok)
	_, ok = q.enqueue("new@localhost", Message{})
	assert.True(t, ok)
	q.discard(sender(maxQueuedOfSender))
	for i := range maxQueuedOfSender {
		_, ok := q.enqueue("newer@localhost", Message{})
		require.True(t, ok, i)
	}
	_, ok = q.enqueue("newer@localhost", Message{})
	assert.False(t, ok)
}

// TestMessagesWithoutRoom: a message is dropped if the pool is full, and the sender's
// next message is handled as usual.
func TestMessagesWithoutRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		got := r.collects()
		r.c.pool = newPool(1)
		r.run()
		p := r.accept("localhost")
		release := make(chan struct{})
		require.True(t, r.c.pool.start("another", func() { <-release }))
		p.send("<message from='a@localhost/r' to='%s'><body>lost</body></message>", service)
		synctest.Wait()
		assert.Empty(t, r.c.queue.waiting)
		assert.Len(t, r.log.with("WARN", "too many at once"), 1)
		close(release)
		synctest.Wait()
		p.send("<message from='a@localhost/r' to='%s'><body>handled</body></message>", service)
		assert.Equal(t, "handled", receive(t, got).Body())
		assert.Empty(t, got)
	})
}

// TestStopHandlesTheQueue: messages that wait when the component is stopped are handled
// while there is time.
func TestStopHandlesTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		got := make(chan error, 100)
		release := make(chan struct{})
		r.c.OnMessage(func(ctx context.Context, _ Message) {
			select {
			case <-release:
			case <-ctx.Done():
			}
			got <- ctx.Err()
		})
		r.run()
		p := r.accept("localhost")
		for range 3 {
			p.send("<message from='a@localhost/r' to='%s'><body>hi</body></message>", service)
		}
		synctest.Wait()
		r.stop()
		synctest.Wait()
		p.send("<message from='b@localhost/r' to='%s'><body>too late</body></message>", service)
		release <- struct{}{}
		assert.NoError(t, receive(t, got))
		for range 2 {
			assert.ErrorIs(t, receive(t, got), context.Canceled)
		}
		require.NoError(t, r.ended())
		assert.Empty(t, got)
	})
}
