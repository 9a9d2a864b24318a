// Package stanzas reaches rosters by remote roster stanzas: jabber:iq:roster
// addressed to the user, as XEP-0321 introduced them, permitted for whole
// hosts by the server's configuration (XEP-0356 §4). Where a server ignores
// the subscription in them, as ejabberd does, subscriptions are written by its
// own API command.
package stanzas
