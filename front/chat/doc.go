// Package chat is the front for users whose client has no ad-hoc commands. A chat message to
// the component's JID is a command line,
//
//	VERB ARGS... [--flag value] [--yes]
//
// and messages answer it. Blanks separate words. Quotes and backslashes have the meaning that
// they have in a shell, and nothing is expanded. What the keyboard of a phone changes does not
// matter: a verb in capitals, curly quotes in a line without straight ones, one dash for two
// hyphens.
//
// An answer is the outcome, followed by one line per item with " – " between its values. A
// long answer is sent in parts, five at once. The word "more" requests the next parts. A verb
// that destroys much runs only after the message "yes", which must come from the same bare
// JID, within a minute, and as the very next message.
//
// # Messages that are never answered
//
// The component answers only messages that a user or program has just sent to it (see
// message.wantsAnswer). It never answers errors, headlines, messages in rooms, copies, archived
// and delayed messages, chat states, receipts, or messages from its own domain. It does not
// answer the bare JID of an account, either: clients have resources, and messages that a verb
// sends as a user have none. Otherwise a requester who may send messages as other users could
// run verbs as these users.
//
// A user without any grant is refused. The next refusal follows a message after a minute, the
// one after that after two minutes, then four and so on, up to a day. A host or component
// without a grant gets no answer at all.
//
// # No loops
//
// A program may answer each of our answers: an echo, another component of this kind, an
// automatic reply. In the end it meets silence, and silence cannot be answered. These rules
// apply to each requester, identified by the bare JID:
//
//  1. None of our messages reads as a command. A text that would is preceded by a dash (see
//     front.send). So a program that only repeats our words never sends a command. Neither
//     does a program with a text of its own that is no command.
//  2. Between two commands, the component answers at most five messages that are not commands,
//     and at most twenty requests for help. After twenty, it answers neither. The last answer
//     announces the silence. The speed of the messages does not matter: time does not restore
//     the budget.
//  3. The silence lasts until the requester sends a command, or sends nothing for an hour.
//     Each further time, the pause must be twice as long as the time before.
//  4. The component reads at most 30 messages in a row, after that one in two seconds, and
//     1,000 a day. The answer to the first message above a limit says so. After that, it reads
//     nothing until the requester has sent nothing for a minute, or for an hour after the
//     1,000.
//
// A loop without commands meets rule 3 after at most 25 answers. Suppose that the program
// answers each message within a certain time, even within days. Once the pause of rule 3 is
// longer than that time, all pending answers have arrived and were not answered. So the
// program has nothing left to answer. In most cases that is so the first time.
//
// A loop in which the program answers by commands, which no echo does, ends by rule 4 in the
// same way. It does not end if the program takes more than a minute and a half for each
// message: such a program cannot be distinguished from a user at work.
//
// Messages about jobs are not answers. A running job sends one a minute.
package chat
