// Package verb is the namespace of admin commands: a table of verbs, and the one way to
// run them.
//
// The core runs any verb. It finds the verb, checks that the requester may run it, reads
// its arguments, checks the hosts that they name, asks for confirmation, lets a long verb
// continue as a job, and records each write. Namespace.Run does all of that, and no front
// runs a verb in another way. The core names no verb.
//
// The table has one file for each family of verbs, table_*.go. An entry is a Verb: its
// texts, its parameters, the role that it needs, and the function that runs it. The fronts
// (front/adhoc, front/chat, front/control) read the table: their forms, help texts and
// lists follow from it.
package verb
