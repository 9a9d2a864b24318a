package chat

import (
	"errors"
	"strings"
	"unicode"
)

// stripQuotation returns the body of a message without the lines that begin with >. Clients put
// the message that a reply belongs to above the reply in such lines.
func stripQuotation(body string) string {
	body = strings.TrimSpace(body)
	for strings.HasPrefix(body, ">") {
		_, rest, _ := strings.Cut(body, "\n")
		body = strings.TrimSpace(rest)
	}
	return body
}

// errUnclosed refuses a line in which a quote is not closed.
var errUnclosed = errors.New("a quote is not closed")

// split splits a line into words, with quotes as in a shell. Nothing is expanded. A backslash
// is an ordinary character, as in a\20b@example.org or C:\Users. Only before a character that
// would be special it makes that character ordinary: a quote or a blank, and between double
// quotes \ " $ and `. If the line has no straight quotes, the quotes that phones type have
// their meaning. The error is errUnclosed.
func split(line string) ([]string, error) {
	if !strings.ContainsAny(line, `"'`) {
		line = straightenQuotes(line)
	}
	var (
		words   []string
		word    strings.Builder
		begun   bool // a word has begun; it may be empty
		quote   rune // the open quote, or 0
		literal bool // the next character is ordinary
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

// escapes reports whether a backslash before a character makes it ordinary, inside the open
// quote, or outside of quotes if quote is 0.
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

// frenchQuotes removes the blanks inside French quotes.
var frenchQuotes = strings.NewReplacer("«\u00a0", "«", "\u00a0»", "»", "«\u202f", "«", "\u202f»", "»", "‹\u00a0", "‹", "\u00a0›", "›", "‹\u202f", "‹", "\u202f›", "›")

// straightenQuotes replaces the quotes that phones type in any language by straight ones, and
// unusual blanks by plain ones. Every double quote opens or closes. ‘ or ‚ opens only before a
// word, and ’ or ‘ closes only after one, so that apostrophes are not quotes.
func straightenQuotes(line string) string {
	runes := []rune(frenchQuotes.Replace(line))
	at := func(i int) rune {
		if i < 0 || i >= len(runes) {
			return ' '
		}
		return runes[i]
	}
	var (
		out     strings.Builder
		open    rune // the open quote as a straight one, or 0
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

// firstWord returns the first word of a line, even if the line cannot be split.
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

// The commands that are not verbs.
const (
	wordHelp     = "help"
	wordQuestion = "?"
	wordMore     = "more"
	wordYes      = "yes"
	wordNo       = "no"
)

// normalized returns a word without what phones add to it: capitals and full stops.
func normalized(word string) string {
	return strings.ToLower(strings.TrimRight(strings.TrimSpace(word), ".…。．"))
}
