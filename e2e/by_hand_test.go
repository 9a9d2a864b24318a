package e2e_test

import (
	"fmt"
	"strings"
)

// commandXML returns a verb as a command with its form filled in, in one step.
func commandXML(verb string, pairs ...string) string {
	var fields strings.Builder
	for i := 0; i < len(pairs); i += 2 {
		fmt.Fprintf(&fields, "<field var='%s'><value>%s</value></field>", pairs[i], pairs[i+1])
	}
	return fmt.Sprintf("<command xmlns='http://jabber.org/protocol/commands' node='%s'><x xmlns='jabber:x:data' type='submit'>%s</x></command>", verb, &fields)
}
