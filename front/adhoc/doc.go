// Package adhoc is the front of the command namespace for XMPP clients: the
// verbs as ad-hoc commands (XEP-0050), each one form (XEP-0004) and one
// answer.
//
// What it sends is what real clients were seen to show: the outcome stands in
// the one note and in the title of the form, an answer of many rows in one
// text-multi field, and every error echoes the command and has a text. What
// it takes is what they were seen to send: no action, execute, next and
// complete mean the same where there is one way forward.
package adhoc
