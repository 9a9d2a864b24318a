package chat

import (
	"errors"
	"strings"
	"unicode"
)

// lineIn is the line that a message's text has. Clients put above a reply,
// behind >, what it replies to: that is left out.
func lineIn(body string) string {
	body = strings.TrimSpace(body)
	for strings.HasPrefix(body, ">") {
		_, rest, _ := strings.Cut(body, "\n")
		body = strings.TrimSpace(rest)
	}
	return body
}

// errUnclosed refuses a line in which a quote is opened and not closed.
var errUnclosed = errors.New("a quote is not closed")

// split takes a line apart: words between blanks, with quotes as in a shell and
// nothing expanded. A backslash is one, as in a\20b@example.org or C:\Users, but
// before what it keeps from being special: a quote or a blank, and between double
// quotes \ " $ and `. Where the line has no straight quotes, those that phones type
// are as good. The error is errUnclosed.
func split(line string) ([]string, error) {
	if !strings.ContainsAny(line, `"'`) {
		line = straight(line)
	}
	var (
		words   []string
		word    strings.Builder
		begun   bool // a word, which may be empty
		quote   rune // that is open
		literal bool // the next character is kept as it is
	)
	runes := []rune(line)
	for i, r := range runes {
		switch {
		case literal:
			literal = false
			word.WriteRune(r)
		case r == '\\' && i+1 < len(runes) && escapes(quote, runes[i+1]):
			literal, begun = true, true
		case quote == 0 && (r == '"' || r == '\''):
			quote, begun = r, true
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && isBlank(r):
			if begun {
				words = append(words, word.String())
			}
			word.Reset()
			begun = false
		default:
			word.WriteRune(r)
			begun = true
		}
	}
	if quote != 0 {
		return nil, errUnclosed
	}
	if begun {
		words = append(words, word.String())
	}
	return words, nil
}

// escapes says whether a backslash keeps a character from being special, outside
// of quotes or inside of those that are open.
func escapes(quote, next rune) bool {
	switch quote {
	case 0:
		return isBlank(next) || strings.ContainsRune("\"'“”„‘’«»‹›‚", next)
	case '"':
		return strings.ContainsRune("\"\\$`", next)
	}
	return false
}

func isBlank(r rune) bool { return r == ' ' || r == '\t' || r == '\n' || r == '\r' }

// french takes the blanks out that French puts inside of its quotes.
var french = strings.NewReplacer("«\u00a0", "«", "\u00a0»", "»", "«\u202f", "«", "\u202f»", "»", "‹\u00a0", "‹", "\u00a0›", "›", "‹\u202f", "‹", "\u202f›", "›")

// straight makes the quotes straight that phones type in any language, and their
// odd blanks plain. Any double one opens, and any ends what it opened; ‘ or ‚
// opens before a word, and ’ or ‘ ends it behind one, so that an apostrophe is
// none.
func straight(line string) string {
	runes := []rune(french.Replace(line))
	at := func(i int) rune {
		if i < 0 || i >= len(runes) {
			return ' '
		}
		return runes[i]
	}
	var (
		out     strings.Builder
		open    rune // the quote that is open, straight
		escaped bool
	)
	for i, r := range runes {
		switch {
		case escaped:
			escaped = false
		case r == '\\' && open != '\'':
			escaped = true
		case strings.ContainsRune("“”„«»‹›", r) && open != '\'':
			r = '"'
			open ^= r
		case (r == '‘' || r == '‚') && open == 0 && (unicode.IsSpace(at(i-1)) || at(i-1) == '='):
			r = '\''
			open = r
		case open == 0 && unicode.IsSpace(r) && r > unicode.MaxASCII:
			r = ' '
		case (r == '’' || r == '‘') && open == '\'' && unicode.IsSpace(at(i+1)):
			r = '\''
			open = 0
		}
		out.WriteRune(r)
	}
	return out.String()
}

// firstWord is what a line begins with, even where it cannot be taken apart.
func firstWord(line string) string {
	words, err := split(line)
	if err != nil {
		words = strings.Fields(line)
	}
	if len(words) == 0 {
		return ""
	}
	return words[0]
}

// The words that are no verbs.
const (
	wordHelp     = "help"
	wordQuestion = "?"
	wordMore     = "more"
	wordYes      = "yes"
	wordNo       = "no"
)

// plainly is a word without what a phone makes of it: a capital, a full stop.
func plainly(word string) string {
	return strings.ToLower(strings.TrimRight(strings.TrimSpace(word), ".…。．"))
}
