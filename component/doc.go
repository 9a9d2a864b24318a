// Package component keeps one XEP-0114 component stream to an XMPP server alive
// and lets the rest of the program send, ask and answer over it. It tracks what
// each host of the server grants (XEP-0356). It knows neither rosters nor the
// server's configuration: Config.Probe and Config.CheckGrant stand for both.
//
// # One stream
//
// There is one connection, because ejabberd takes the privileges from a component
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
// While the stream is served, one goroutine reads it. The reader never writes or
// waits, and decodes no payload but a grant. It passes a reply to the goroutine that
// asked. A grant wakes the goroutines that wait for it. Each request gets a goroutine
// of its own, up to a limit. All messages of one sender share one goroutine.
//
// Invariants:
//   - Nothing is asked of a host before its grant arrived on this stream.
//   - The number of unanswered requests to a host never exceeds the size of the
//     window. The window's slots go round the hosts and, within a host, round the
//     requesters. The slot of a slow request goes to other hosts.
//   - Every request ends: with its reply, its deadline, or the end of the stream.
//   - The code that starts a goroutine waits for it. No goroutine is left when Run
//     returns.
package component
