package chat

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	// maxPart is how many characters one message has: about two screens of a
	// phone.
	maxPart = 1500
	// atOnce is how many parts are sent one after the other.
	atOnce = 5
	// maxParts is how many there are of one answer.
	maxParts = 50
	// keptFor is how long the rest of an answer is to be had.
	keptFor = 10 * time.Minute
)

// parts is an answer of which not all has been sent.
type parts struct {
	texts []string
	sent  int
	until time.Time
}

// partsOf takes a text apart, between two lines where that is possible.
func partsOf(text string) *parts {
	p := new(parts)
	var part strings.Builder
	size := 0
	end := func() {
		if t := strings.Trim(part.String(), "\n"); t != "" {
			p.texts = append(p.texts, t)
		}
		part.Reset()
		size = 0
	}
	for line := range strings.Lines(text) {
		for line != "" {
			length := utf8.RuneCountInString(line)
			if size+length > maxPart && size > 0 {
				end()
			}
			head := line
			if length > maxPart {
				head = string([]rune(line)[:maxPart])
			}
			part.WriteString(head)
			size += utf8.RuneCountInString(head)
			line = line[len(head):]
		}
	}
	end()
	if len(p.texts) == 0 {
		p.texts = []string{text}
	}
	if left := len(p.texts) - maxParts; left > 0 {
		p.texts = p.texts[:maxParts]
		p.texts[maxParts-1] += fmt.Sprintf("\n(Here it is cut: the rest would be %d messages more. Ask for less, or use a client with ad-hoc commands.)", left)
	}
	return p
}

// next takes the texts of the messages that are sent next. Each of several
// says which one it is, and the last where the rest is to be had.
func (p *parts) next() []string {
	p.until = time.Now().Add(keptFor)
	all := len(p.texts)
	if all == 1 {
		p.sent = 1
		return p.texts
	}
	var messages []string
	for range min(atOnce, all-p.sent) {
		text := p.texts[p.sent]
		p.sent++
		messages = append(messages, fmt.Sprintf("(%d/%d)\n%s", p.sent, all, text))
	}
	if p.sent < all {
		messages[len(messages)-1] += fmt.Sprintf("\n(Send \"%s\" for what follows.)", wordMore)
	}
	return messages
}

// left says whether there is more to be had.
func (p *parts) left() bool {
	return p != nil && p.sent < len(p.texts) && time.Now().Before(p.until)
}
