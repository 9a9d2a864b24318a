package main

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"emanagement/cmd/internal/paths"
)

// TestSocketIn: a file that needs YAML is not read by a plain line.
func TestSocketIn(t *testing.T) {
	const odd = ""
	for text, want := range map[string]string{
		"jid: a.example\n": paths.Control,
		"jid: a.example\ncontrol: /run/c.sock # as it was\n": "/run/c.sock",
		"control:  /run/c.sock":                              "/run/c.sock",
		"# control: /run/c.sock\njid: a\n":                   paths.Control,
		"control: none":                                      odd,
		"control: '/run/c.sock'":                             odd,
		"control: /run/a b":                                  odd,
		"{control: /run/c.sock}":                             odd,
		"x:\n  control: /run/c.sock":                         odd,
		"control:\n  /run/c.sock":                            odd,
		"jid: control.example\ncontrol: /c\n":                odd,
	} {
		socket, ok := socketIn(text)
		assert.Equal(t, want != odd, ok, text)
		assert.Equal(t, want, socket, text)
	}
}
