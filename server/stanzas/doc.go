// Package stanzas is the way to a server by stanzas.
//
// Rosters are reached by remote roster stanzas: jabber:iq:roster addressed to the user
// (XEP-0321), permitted for whole hosts by the server's configuration (XEP-0356 §4). If
// a server ignores the subscription in them, as ejabberd does, its API command writes
// subscriptions.
//
// Messages in a user's name are sent by the privilege that the server grants for it
// (XEP-0356 §5). Messages and presences of addresses at the component's domain are plain
// stanzas.
package stanzas
