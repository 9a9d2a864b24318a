// Package verb is the admin command namespace: one table of verbs, each with
// its parameters, who may run it, what it does and what it answers. The
// fronts (front/adhoc, front/chat, front/control) only read that table: what they offer, ask for
// and show follows from it.
//
// A verb's way is always the same: find it, check who asks, read the arguments,
// check the hosts they name, run. That way is Namespace.Run, and no front has
// another.
package verb
