package ejabberd

import "fmt"

// Codes of an Error.
const (
	// Forbidden means that the server's api_permissions or access rules do not allow
	// the command.
	Forbidden = 403
	// internalError means that the command failed in the server.
	internalError = 500
)

// Error is the server's refusal of a command.
type Error struct {
	Command string
	Code    int    // as in HTTP; 0 if the server could not run the command at all
	Text    string // the server's own text, or the condition of its stanza error
	HTTP    bool   // the refusal came over HTTP
}

func (e *Error) Error() string {
	if e.Code == 0 {
		return fmt.Sprintf("%s: %s", e.Command, e.Text)
	}
	return fmt.Sprintf("%s: error %d: %s", e.Command, e.Code, e.Text)
}
