package adhocclient

import (
	"fmt"

	"mellium.im/xmpp/stanza"

	"emanagement/verb/wire"
)

func away(format string, args ...any) *wire.Error {
	return &wire.Error{Kind: wire.Away, Text: fmt.Sprintf(format, args...)}
}

func forbidden(format string, args ...any) *wire.Error {
	return &wire.Error{Kind: wire.Forbidden, Text: fmt.Sprintf(format, args...)}
}

func failed(format string, args ...any) *wire.Error {
	return &wire.Error{Kind: wire.Failed, Text: fmt.Sprintf(format, args...)}
}

// errorText returns the text of a stanza error, or its condition if it has no text. A text
// without a language is preferred.
func errorText(e *stanza.Error) string {
	if t := e.Text[""]; t != "" {
		return t
	}
	for _, t := range e.Text {
		return t
	}
	return string(e.Condition)
}
