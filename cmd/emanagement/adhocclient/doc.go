// Package adhocclient runs the component's verbs from any machine. It logs in to an XMPP
// server as a client, sends an ad-hoc command (XEP-0050) and reads the answer.
//
// The client never sends presence. So no contact sees it online, and it receives no
// messages. It requests the answer as JSON beside the lines for people. So its results and
// errors are the same as those of the control socket.
package adhocclient
