// Package stanzas reaches a server by stanzas.
//
// It reads and writes rosters by remote roster stanzas: jabber:iq:roster addressed to the
// user (XEP-0321), which the server's configuration permits for whole hosts (XEP-0356 §4).
// If a server ignores the subscription in them, as ejabberd does, its API command writes
// subscriptions.
//
// It sends messages as a user by the privilege that the server grants for that (XEP-0356
// §5). Messages and presences of addresses at the component's domain are plain stanzas.
package stanzas
