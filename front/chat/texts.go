package chat

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"mellium.im/xmpp/jid"

	"emanagement/fault"
	"emanagement/verb"
	"emanagement/verb/wire"
)

// resultLines returns a result as people read it: the outcome, then a line for each
// item.
func resultLines(v *verb.Verb, request verb.Request, r verb.Result) []string {
	lines := append([]string{r.OutcomeWithoutGoOn()}, r.Readable()...)
	if r.Next() != "" {
		lines = append(lines, "", "What follows:", nextPage(v, request, r.Next()))
	}
	return lines
}

// nextPage returns the line that goes on with a list after a JID.
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
		return capital(fault.Of(nil).Text) + "."
	}
	switch e.Kind {
	case wire.Forbidden:
		return capital(e.Text) + "."
	case wire.Confirm:
		return fmt.Sprintf("%s.\nSend \"%s\" within a minute to do it.", capital(e.Text), wordYes)
	case wire.Argument:
		return v.Complaint(e) + "\n\n" + manner(v, host(request))
	}
	return capital(e.Text)
}

// host is that of the examples for an asker.
func host(request verb.Request) string {
	if j, ok := request.Asker.(jid.JID); ok {
		return j.Domainpart()
	}
	return ""
}

// wrongCount says what may be the reason why a line has not as many arguments as
// the verb takes.
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
		text += " Put quotes around what has blanks in it."
	}
	if strings.ContainsAny(line, `"'`) && strings.ContainsAny(line, "“”„‘’«»") {
		text += " Use one kind of quotes: beside straight ones curly ones are letters."
	}
	if strings.Contains(line, "\n") {
		text += " Send one command a message."
	}
	return text
}

func arguments(n int) string {
	switch n {
	case 0:
		return "no arguments"
	case 1:
		return "1 argument"
	}
	return fmt.Sprintf("%d arguments", n)
}

// manner is how a verb is used.
func manner(v *verb.Verb, host string) string {
	return fmt.Sprintf("Syntax: %s\nExample: %s", v.FullSyntax(), v.Example(host))
}

// unknown is said to what is no command.
func (f *front) unknown(asker jid.JID, word string) string {
	if r := []rune(word); len(r) > 40 {
		word = string(r[:40]) + "…"
	}
	text := fmt.Sprintf("Sorry, I do not know the command %q. Send \"%s\" for those that I know.", word, wordHelp)
	if alike := f.alike(asker, word); len(alike) > 0 {
		text += " Did you mean " + strings.Join(alike, " or ") + "?"
	}
	return text
}

// alike are the first verbs in whose names a word is.
func (f *front) alike(asker jid.JID, word string) (names []string) {
	if utf8.RuneCountInString(word) < 4 {
		return nil
	}
	for _, v := range f.namespace.Visible(asker) {
		if len(names) < 3 && strings.Contains(strings.ToLower(v.Name), strings.ToLower(word)) {
			names = append(names, v.Name)
		}
	}
	if len(names) == 0 {
		if meant := f.namespace.Meant(asker, word); meant != "" {
			names = []string{meant}
		}
	}
	return names
}

// help says what there is, or what a verb does that the words name.
func (f *front) help(asker jid.JID, words []string) string {
	if len(words) < 2 {
		return f.list(asker)
	}
	name, _ := f.namespace.Spelled(words[1])
	v, err := f.namespace.Find(asker, name)
	switch {
	case wire.KindOf(err) == wire.Unknown:
		return f.unknown(asker, words[1])
	case err != nil:
		return errorText(nil, verb.Request{Asker: asker}, err)
	}
	return about(v, asker.Domainpart())
}

// list is what an asker may run.
func (f *front) list(asker jid.JID) string {
	verbs := f.namespace.Visible(asker)
	lines := []string{fmt.Sprintf("The commands that you may send here (%d):", len(verbs))}
	for _, v := range verbs {
		lines = append(lines, v.Name+" – "+v.Summary)
	}
	lines = append(lines, "", "A command's arguments follow it, with quotes around what has blanks in it:")
	for _, role := range []verb.Role{verb.Read, verb.Write} {
		i := slices.IndexFunc(verbs, func(v *verb.Verb) bool { return v.Role == role && len(v.Places()) > 0 })
		if i >= 0 {
			lines = append(lines, verbs[i].Example(asker.Domainpart()))
		}
	}
	return strings.Join(append(lines, "", "What each takes, say for the first one:", wordHelp+" "+verbs[0].Name), "\n")
}

// about is all that is known of a verb.
func about(v *verb.Verb, host string) string {
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
		lines = append(lines, fmt.Sprintf("--%s – do it without being asked to send %s", verb.YesFlag, wordYes))
	}
	return strings.Join(append(lines, "", "Example:", v.Example(host)), "\n")
}

// sentence makes a clause one.
func sentence(clause string) string {
	if strings.HasSuffix(clause, "?") {
		return clause
	}
	return clause + "."
}

// capital begins a clause as a sentence begins, unless it begins with a JID.
func capital(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	if word, _, _ := strings.Cut(s, " "); strings.ContainsAny(word, "@:.") {
		return s
	}
	return string(unicode.ToUpper(first)) + s[size:]
}
