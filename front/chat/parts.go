package chat

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"emanagement/verb/wire"
)

const (
	// maxPart limits the length of one message, in characters: about two screens of a
	// phone.
	maxPart = 1500
	// atOnce is the number of parts that are sent one after the other.
	atOnce = 5
	// maxParts limits the number of parts of one answer.
	maxParts = 50
	// restTime is how long the rest of an answer can be requested.
	restTime = 10 * time.Minute
)

// parts is an answer in parts, some of which may not have been sent.
type parts struct {
	texts []string
	sent  int
	until time.Time
}

// splitText splits a text into parts, between two lines if possible.
func splitText(text string) *parts {
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
	if more := len(p.texts) - maxParts; more > 0 {
		p.texts = p.texts[:maxParts]
		p.texts[maxParts-1] += fmt.Sprintf("\n(I stop here: the rest would be %s more. Ask for less, or use a client with ad-hoc commands.)", wire.Count(more, "message"))
	}
	return p
}

// next returns the texts of the next messages. Each begins with its number, unless there is
// only one. The last one says how to get the rest.
func (p *parts) next() []string {
	p.until = time.Now().Add(restTime)
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
		messages[len(messages)-1] += fmt.Sprintf("\n(Send \"%s\" for the rest.)", wordMore)
	}
	return messages
}

// hasMore reports whether there are parts that can still be requested.
func (p *parts) hasMore() bool {
	return p != nil && p.sent < len(p.texts) && time.Now().Before(p.until)
}
