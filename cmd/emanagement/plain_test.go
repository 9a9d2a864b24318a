package main

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"emanagement/cmd/internal/paths"
)

// TestSocketIn checks that a configuration that takes a YAML parser is left to one.
func TestSocketIn(t *testing.T) {
	const needsYAML = ""
	for text, want := range map[string]string{
		"jid: a.example\n": paths.Control,
		"jid: a.example\ncontrol: /run/c.sock # as it was\n": "/run/c.sock",
		"control:  /run/c.sock":                              "/run/c.sock",
		"# control: /run/c.sock\njid: a\n":                   paths.Control,
		"control: none":                                      needsYAML,
		"control: '/run/c.sock'":                             needsYAML,
		"control: /run/a b":                                  needsYAML,
		"{control: /run/c.sock}":                             needsYAML,
		"x:\n  control: /run/c.sock":                         needsYAML,
		"control:\n  /run/c.sock":                            needsYAML,
		"jid: control.example\ncontrol: /c\n":                needsYAML,
	} {
		socket, ok := socketIn(text)
		assert.Equal(t, want != needsYAML, ok, text)
		assert.Equal(t, want, socket, text)
	}
}
