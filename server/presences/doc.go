// Package presences reaches presences, sessions and messages of ejabberd's users
// through a component: presences and sessions by the server's own API
// commands, messages in a user's name by the privilege that the server grants
// for it (XEP-0356 §5), and what names at the component's own domain send as
// plain stanzas.
package presences
