// Package component keeps one XEP-0114 component stream to an XMPP server
// alive and lets the rest of the program send, ask and answer over it. It
// knows what the server granted (XEP-0356), and nothing of rosters.
//
// # One stream
//
// There is one connection, for ejabberd loses the privileges of a component
// that connects twice. Its life:
//
//	          +---------------------- backoff <--------------------+
//	          v                                                    |
//	Run --> dial --> handshake --> serving --> draining --> closed-+
//	          |          |            |           ^           |
//	          |          |            +-----------+           +--> Run returns
//	          |          |         lost, silent or stopped        (stopped)
//	          +----------+--> Run returns: refused for good at the first start
//
// While serving, one goroutine reads. It never writes or waits, and of payloads
// it decodes only grants: a reply goes to the goroutine that asked, a request gets a
// goroutine of its own (a bounded number of them), and so do all the messages
// of one sender together; a grant wakes those who wait for it.
//
// Invariants:
//   - nothing is asked of a host before its grant arrived on this stream;
//   - at most the window's worth of requests to a host is unanswered; slots of
//     the window are shared in turns among hosts and, within a host, among
//     askers, and one whose request is slow goes to other hosts;
//   - every request ends: with its reply, its deadline, or the stream's end;
//   - whoever starts a goroutine waits for it: when Run returns, none is left.
package component
