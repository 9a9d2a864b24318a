// Package adhoc is the front for XMPP clients: each verb is an ad-hoc command (XEP-0050) with
// one form (XEP-0004) and one answer.
//
// The answers contain what real clients show: the outcome in the one note and in the title of
// the form, many rows in one text-multi field. Every error echoes the command and has a text.
// The requests may contain what real clients send: no action, execute, next and complete mean
// the same if there is only one way forward.
package adhoc
