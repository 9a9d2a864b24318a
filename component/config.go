package component

import (
	"encoding/xml"
	"log/slog"
	"time"

	"mellium.im/xmpp/jid"
)

// Config describes the component and its server.
type Config struct {
	JID     jid.JID // the component's domain
	Address string  // of the server: host:port, tls://host:port or unix:/path, see CheckAddress
	Secret  []byte  // shared with the server (XEP-0114 §3)

	// Hosts are the hosts to serve, one at least. Any domain can claim to grant access,
	// and the server passes that on. So a grant of any other host is ignored.
	Hosts []string

	// MaxStanza is the number of bytes that the server accepts in one stanza
	// (max_stanza_size of an ejabberd listener). 0 means that stanzas of every size
	// are sent until the server refuses one.
	MaxStanza int

	// MaxRequest is the number of bytes of a request, message or presence to the
	// component that is read. 0 means DefaultMaxRequest.
	MaxRequest int

	// MaxAnswer is the number of bytes of an answer of the server that is read. 0 means
	// DefaultMaxAnswer.
	MaxAnswer int

	// OversizeAdvice, if not empty, is appended to the error that a requester
	// receives if the answer is larger than the server accepts.
	OversizeAdvice string

	// Probe returns the recipient, at a host, and the payload of an IQ get that shows
	// whether the host still answers. Every host that grants access must answer the
	// get, with a result or an error, and the get must change nothing. Probe is
	// required, and must be safe for concurrent use.
	Probe func(host string) (to jid.JID, payload xml.TokenReader)

	// CheckGrant, if not nil, returns an error if a grant does not suffice. The host
	// is served all the same. The stream is replaced now and then while it is idle,
	// because only a new stream learns of a changed grant. It must not block.
	CheckGrant func(Grant) error

	Name    string // of the software, for disco#info and jabber:iq:version
	Version string

	Log *slog.Logger // nil discards the log
}

// timing holds the durations of a component; tests shorten them.
type timing struct {
	handshake  time.Duration // from dialling to the end of the handshake
	grant      time.Duration // from the handshake to a host's grant
	reply      time.Duration // from sending a request to its reply
	slow       time.Duration // after which the slot of a request goes to others
	request    time.Duration // from a request to us to our reply
	turn       time.Duration // from a request to us to the beginning of the work on it
	drain      time.Duration // for requests under way when the component is stopped
	abort      time.Duration // for the same requests after their contexts were ended
	close      time.Duration // for the server's own end of stream
	closeMute  time.Duration // the same if the server has fallen silent
	write      time.Duration // for one write
	probe      pace          // of a host
	probeEarly pace          // while the stream is younger than healthy
	backoff    backoff
	healthy    time.Duration // the age at which a stream resets the backoff, if no host has answered on it before

	// A stream that follows a broken one is watched more closely until it has that age.
	settling      time.Duration
	probeSettling pace
	regrant       time.Duration // from its handshake to the first grant
}

func defaultTiming() timing {
	return timing{
		handshake:  20 * time.Second,
		grant:      10 * time.Second,
		reply:      10 * time.Second,
		slow:       time.Second,
		request:    5 * time.Minute,
		turn:       8 * time.Second,
		drain:      7 * time.Second,
		abort:      3 * time.Second,
		close:      15 * time.Second,
		write:      30 * time.Second,
		closeMute:  3 * time.Second,
		probe:      pace{30 * time.Second, 7 * time.Second},
		probeEarly: pace{5 * time.Second, 7 * time.Second},
		backoff:    backoff{min: time.Second, max: 15 * time.Second},
		healthy:    time.Minute,

		settling:      15 * time.Second,
		probeSettling: pace{500 * time.Millisecond, 3 * time.Second},
		regrant:       3 * time.Second,
	}
}

const (
	// windowSize is the number of requests in flight at once. More were measured to
	// be slower on ejabberd with Mnesia.
	windowSize = 16
	// maxRequests is the number of requests to us that wait or are worked on. One
	// requester may have half of them, and fewer in a crowd. Further requests are refused
	// with resource-constraint.
	maxRequests = 4096
	// maxWorking is the number of requests to us that are worked on at once. They share the
	// window, and end at about the same time. If there were more of them, a busy server
	// would answer none of them in time.
	maxWorking = 256
	// maxRefusals is the number of refusals that wait to be written. Further requests are
	// dropped.
	maxRefusals = 16384
	// maxBytes is the size of all requests and messages to us that wait or are worked
	// on, in bytes. It is more if MaxRequest demands that, because one sender may have
	// half of it, and less in a crowd.
	maxBytes = 16 << 20
)

const (
	// DefaultMaxRequest is a limit for 30,000 recipients. Longer lists can be given on the
	// component's machine.
	DefaultMaxRequest = 1 << 20
	// DefaultMaxAnswer is a limit for a roster of 200,000 items.
	DefaultMaxAnswer = 32 << 20
)
