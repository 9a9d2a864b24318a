package chat

import (
	"context"
	"strings"
	"time"

	"emanagement/verb"
	"emanagement/verb/wire"
)

// confirmTime is how long a verb can be confirmed by a yes.
const confirmTime = time.Minute

// answer is the answer to a message.
type answer struct {
	text  string
	parts *parts // instead of the text: an answer that continues
	kind  replyKind
}

// answer runs the command of a message, and returns the answer.
func (f *front) answer(ctx context.Context, m message, c *conversation) answer {
	unconfirmed := c.unconfirmed
	c.unconfirmed = nil
	canConfirm := unconfirmed != nil && time.Now().Before(unconfirmed.until)
	if m.isEncrypted() {
		return answer{text: encryptedText, kind: otherReply}
	}
	switch word := normalized(m.line); {
	case word == wordYes && canConfirm:
		unconfirmed.request.Requester, unconfirmed.request.Confirmed = m.from, true
		return f.run(ctx, c, unconfirmed.verb, unconfirmed.request)
	case word == wordYes:
		return answer{text: nothingToConfirmText, kind: otherReply}
	case word == wordNo && unconfirmed != nil:
		return answer{text: "Nothing was done.", kind: helpReply}
	case word == wordMore && c.rest.hasMore():
		return answer{parts: c.rest}
	case word == wordMore:
		return answer{text: "There is no more.", kind: otherReply}
	}
	words, err := split(m.line)
	first := firstWord(m.line)
	if word := normalized(first); word == wordHelp || word == wordQuestion {
		return answer{text: f.help(m.from, words), kind: helpReply}
	}
	name, known := f.namespace.Canonical(first)
	switch {
	case !known:
		return answer{text: f.unknownCommand(m.from, first), kind: otherReply}
	case err != nil:
		return answer{text: unreadableText(err)}
	}
	return f.command(ctx, m, c, name, words[1:])
}

// command runs a verb with the words that follow its name.
func (f *front) command(ctx context.Context, m message, c *conversation, name string, words []string) answer {
	request := verb.Request{Requester: m.from, Front: frontName, Verb: name}
	v, err := f.namespace.FindAudited(request)
	if err != nil {
		return answer{text: errorText(v, request, err)}
	}
	values, rest, err := v.Arguments(words)
	if err == nil {
		request.Values = values
		request.Confirmed, err = v.ReadFlags(rest, request.Values)
	}
	if wire.KindOf(err) == wire.Usage {
		return answer{text: wrongCount(v, m.line, words) + "\n\n" + usage(v, hostOf(request))}
	}
	if err != nil {
		return answer{text: errorText(v, request, err)}
	}
	return f.run(ctx, c, v, request)
}

// run runs a verb. If the verb must be confirmed, the conversation remembers it.
func (f *front) run(ctx context.Context, c *conversation, v *verb.Verb, request verb.Request) answer {
	result, err := f.namespace.Run(ctx, request)
	if err == nil {
		return answer{text: strings.Join(resultLines(v, request, result), "\n")}
	}
	if wire.KindOf(err) == wire.Confirm {
		c.unconfirmed = &unconfirmed{v, request, time.Now().Add(confirmTime)}
	}
	return answer{text: errorText(v, request, err)}
}
