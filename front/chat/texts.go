package chat

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"mellium.im/xmpp/jid"

	"emanagement/fault"
	"emanagement/verb"
	"emanagement/verb/wire"
)

const (
	encryptedText        = "Sorry, I cannot read encrypted messages. Please switch off encryption in this chat."
	nothingToConfirmText = "There is nothing to confirm. A question ends after a minute, or with your next message."
	// correctionNote precedes the answer to a corrected message.
	correctionNote = "(I cannot undo the message that you corrected. This answers the corrected one.)"
)

// refusalText words the refusal of a requester without any grant.
func refusalText(err error) string {
	return fmt.Sprintf("Sorry, %v. The administrator of this server can change that.", err)
}

// unreadableText words the error of a line that cannot be split.
func unreadableText(err error) string {
	return fmt.Sprintf(`I cannot read this: %v. (Put a \ before a quote that is part of the text.)`, err)
}

// tooManyMessages is the answer to the first message above a limit. pause ends the silence
// that follows.
func tooManyMessages(pause time.Duration) string {
	return fmt.Sprintf("Too many messages. I did not read this one. Send nothing for %s, and I will read your messages again.", inWords(pause))
}

// silenceNote follows the last answer of its kind. reset is the pause that restores the
// budget.
func silenceNote(k replyKind, reset time.Duration) string {
	answered := "commands"
	if k == otherReply {
		answered = fmt.Sprintf("commands and \"%s\"", wordHelp)
	}
	return fmt.Sprintf("(From now on I answer only %s. After a command, or when you have sent nothing for %s, I answer everything again.)", answered, inWords(reset))
}

func inWords(pause time.Duration) string {
	switch pause {
	case time.Minute:
		return "a minute"
	case time.Hour:
		return "an hour"
	}
	return fmt.Sprintf("%d hours", pause/time.Hour)
}

// droppedNote tells how many later messages are not read. It is empty if there are none.
func droppedNote(m message) string {
	if m.dropped == 0 {
		return ""
	}
	return fmt.Sprintf("\n\n(I did not read %s that came after this one: there were too many at once.)", wire.Count(m.dropped, "message"))
}

// resultLines returns a result for people: the outcome, then a line for each item.
func resultLines(v *verb.Verb, request verb.Request, r verb.Result) []string {
	lines := append([]string{r.ShortOutcome()}, r.Readable()...)
	if r.Next() != "" {
		lines = append(lines, "", "For the rest, send:", nextPage(v, request, r.Next()))
	}
	return lines
}

// nextPage returns the line that continues a list after a JID.
func nextPage(v *verb.Verb, request verb.Request, from string) string {
	words := []string{v.Name}
	for _, p := range v.Places() {
		words = append(words, verb.Quote(strings.Join(request.Values[p.Name], "\n")))
	}
	for _, p := range v.Flags() {
		value, given := request.Values[p.Name]
		if p.Kind == verb.After {
			value, given = []string{from}, true
		}
		if given {
			words = append(words, "--"+p.Name, verb.Quote(strings.Join(value, "\n")))
		}
	}
	return strings.Join(words, " ")
}

// errorText words why a verb did not run, or failed. v is nil if there is no such verb.
func errorText(v *verb.Verb, request verb.Request, err error) string {
	e, ok := errors.AsType[*wire.Error](err)
	if !ok {
		return capitalized(fault.Of(err).Text) + "."
	}
	switch e.Kind {
	case wire.Forbidden:
		return capitalized(e.Text) + "."
	case wire.Confirm:
		return fmt.Sprintf("%s.\nSend \"%s\" within a minute to do it.", capitalized(e.Text), wordYes)
	case wire.Argument:
		return v.ErrorText(e) + "\n\n" + usage(v, hostOf(request))
	}
	return capitalized(e.Text)
}

// hostOf returns the requester's host, for examples.
func hostOf(request verb.Request) string {
	if j, ok := request.Requester.(jid.JID); ok {
		return j.Domainpart()
	}
	return ""
}

// wrongCount words the error of a line with too few or too many arguments, and what may be
// the cause.
func wrongCount(v *verb.Verb, line string, words []string) string {
	takes, found := len(v.Places()), slices.IndexFunc(words, func(w string) bool { return strings.HasPrefix(w, "--") })
	if found < 0 {
		found = len(words)
	}
	much := "few"
	if found > takes {
		much = "many"
	}
	text := fmt.Sprintf("Too %s words: %s takes %s, and I count %d.", much, v.Name, arguments(takes), found)
	if takes > 0 {
		text += " Put quotes around a value with spaces."
	}
	if strings.ContainsAny(line, `"'`) && strings.ContainsAny(line, "“”„‘’«»") {
		text += " Use straight quotes or curly quotes, not both."
	}
	if strings.Contains(line, "\n") {
		text += " Send one command per message."
	}
	return text
}

func arguments(n int) string {
	if n == 0 {
		return "no arguments"
	}
	return wire.Count(n, "argument")
}

// usage returns the syntax of a verb and an example.
func usage(v *verb.Verb, host string) string {
	return fmt.Sprintf("Syntax: %s\nExample: %s", v.FullSyntax(), v.Example(host))
}

// unknownCommand is the answer to a message that is not a command.
func (f *front) unknownCommand(requester jid.JID, word string) string {
	if r := []rune(word); len(r) > 40 {
		word = string(r[:40]) + "…"
	}
	text := fmt.Sprintf("Sorry, I do not know the command %q. Send \"%s\" for a list of commands.", word, wordHelp)
	if similar := f.similar(requester, word); len(similar) > 0 {
		text += " Did you mean " + strings.Join(similar, " or ") + "?"
	}
	return text
}

// similar lists at most three verbs whose names contain a word. If there are none, it lists
// the verb with the most similar name, if any.
func (f *front) similar(requester jid.JID, word string) (names []string) {
	if utf8.RuneCountInString(word) < 4 {
		return nil
	}
	for _, v := range f.namespace.Visible(requester) {
		if len(names) < 3 && strings.Contains(strings.ToLower(v.Name), strings.ToLower(word)) {
			names = append(names, v.Name)
		}
	}
	if len(names) == 0 {
		if name := f.namespace.Suggest(requester, word); name != "" {
			names = []string{name}
		}
	}
	return names
}

// help answers a line that begins with help: by the list of commands, or by the description
// of the command that the second word names.
func (f *front) help(requester jid.JID, words []string) string {
	if len(words) < 2 {
		return f.list(requester)
	}
	name, _ := f.namespace.Canonical(words[1])
	v, err := f.namespace.Find(requester, name)
	switch {
	case wire.KindOf(err) == wire.Unknown:
		return f.unknownCommand(requester, words[1])
	case err != nil:
		return errorText(nil, verb.Request{Requester: requester}, err)
	}
	return describe(v, requester.Domainpart())
}

// list lists the verbs that a requester may run, with examples.
func (f *front) list(requester jid.JID) string {
	verbs := f.namespace.Visible(requester)
	lines := []string{fmt.Sprintf("Commands that you can send here (%d):", len(verbs))}
	for _, v := range verbs {
		lines = append(lines, v.Name+" – "+v.Summary)
	}
	lines = append(lines, "", "Write the arguments after the command, with quotes around a value with spaces:")
	for _, role := range []verb.Role{verb.Read, verb.Write} {
		i := slices.IndexFunc(verbs, func(v *verb.Verb) bool { return v.Role == role && len(v.Places()) > 0 })
		if i >= 0 {
			lines = append(lines, verbs[i].Example(requester.Domainpart()))
		}
	}
	return strings.Join(append(lines, "", "For help with a command, such as the first one, send:", wordHelp+" "+verbs[0].Name), "\n")
}

// describe returns the help for a verb.
func describe(v *verb.Verb, host string) string {
	lines := []string{fmt.Sprintf("About %s: %s", v.Name, sentence(v.Summary)), v.Help, "", v.FullSyntax()}
	for _, p := range v.Places() {
		line := fmt.Sprintf("%s – %s: %s", p.Name, p.Label, p.Kind)
		if !p.Required {
			line += `; "" for none`
		}
		lines = append(lines, line)
	}
	for _, p := range v.Flags() {
		lines = append(lines, fmt.Sprintf("--%s – %s: %s, such as %s", p.Name, p.Label, p.Kind, verb.ExampleOf(p, host)))
	}
	if v.Destroys() {
		lines = append(lines, fmt.Sprintf("--%s – do it without asking for a %s", verb.YesFlag, wordYes))
	}
	return strings.Join(append(lines, "", "Example:", v.Example(host)), "\n")
}

// sentence returns a clause as a sentence.
func sentence(clause string) string {
	if strings.HasSuffix(clause, "?") {
		return clause
	}
	return clause + "."
}

// capitalized returns a clause with a capital first letter, unless it begins with a JID.
func capitalized(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	if word, _, _ := strings.Cut(s, " "); strings.ContainsAny(word, "@:.") {
		return s
	}
	return string(unicode.ToUpper(first)) + s[size:]
}
