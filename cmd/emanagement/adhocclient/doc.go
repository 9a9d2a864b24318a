// Package adhocclient runs the component's verbs from any machine: it logs in
// to an XMPP server as a client, sends one ad-hoc command (XEP-0050), and reads
// the answer.
//
// The client never sends presence: nobody sees it come, and no messages are
// sent to it. It asks for JSON beside the lines that people read, so that what
// it returns is what the control socket returns.
package adhocclient
