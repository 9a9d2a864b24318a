// Package chat is the front of the command namespace for people whose client
// has no ad-hoc commands: a chat message to the component's JID is a line,
//
//	VERB ARGS... [--flag value] [--yes]
//
// and messages answer it. Words are apart by blanks, quotes and backslashes
// mean what they mean in a shell, and nothing is ever expanded. What the
// keyboards of phones make of a line does not matter: a verb in capitals, curly
// quotes where there are no straight ones, one dash for two.
//
// An answer is the outcome and below it a line for each item, with " – "
// between what it says. A long one comes in parts, five at once; the word
// "more" brings the next. What destroys much is asked for again by "yes", from
// the same bare JID within a minute, as its very next message.
//
// # What is never answered
//
// Messages that nobody has written to us just now (see question.asked): errors,
// headlines, what is said in rooms, copies, archives, what was delayed, chat
// states and receipts, and all that comes from the component's own domain.
// Nor what comes from the bare JID of an account: clients have resources, and
// verbs that send messages as a user do not. Who may send messages as others
// could else run verbs as they.
//
// Somebody without any grant is refused, and again when he asks after a minute, two,
// four and so on up to a day; a host or component without one never is.
//
// # No loop
//
// Whoever answers our answers, an echo, a component of this kind, an "I'm
// away", is met with silence in the end, and silence has nothing that could be
// answered. These rules hold for each asker, by the bare JID:
//
//  1. No message of ours reads as a command: whatever would is preceded by a
//     dash (see front.say). So what only repeats our words never sends one, nor
//     does a text that is none of ours and no command.
//  2. Between two commands, no more than five times is answered what is no
//     command, nor more than twenty times help, after which the other is not
//     either. The last answer says that it is. It does not matter how slowly
//     they come: time brings nothing back.
//  3. After that it is not answered until there is a command, or the asker has
//     sent nothing for an hour; each further time it takes a pause twice as long
//     as the time before.
//  4. No more than 30 messages in a row, and from then on one in two seconds,
//     and 1,000 a day, are read at all. The first that is too much is answered
//     by saying so; then nothing is read until the asker has sent nothing for a
//     minute, or after the 1,000 for an hour.
//
// A loop without commands is met with rule 3 after at most 25 answers. Whoever
// answers each message within some time, be it days, has nothing left to answer
// once the pause of rule 3 is longer than that: then all that was under way has
// come and was not answered. In most cases that is the first time.
//
// A loop in which somebody answers us by commands, which no echo does, ends by
// rule 4 in the same way, unless all of it takes more than a minute and a half
// for each message: such a one is not to be told from somebody at work.
//
// Messages about jobs are no answers. There is one a minute as long as a job
// runs.
package chat
