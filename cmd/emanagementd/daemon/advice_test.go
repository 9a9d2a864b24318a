package daemon

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"emanagement/component"
)

func TestAdvice(t *testing.T) {
	a := adviser{jid: "emanagement.example.org", server: "127.0.0.1:5347"}
	for _, test := range []struct {
		err  error
		want string // a part of the advice; empty: there is no advice
	}{
		{component.ErrNoListener, "is the listener (module: ejabberd_service) in ejabberd.yml, and was it reloaded (ejabberdctl reload_config)?"},
		{component.ErrCertificate, "in the server's certificate"},
		{component.ErrNoTLS, "ejabberd_service with tls: true"},
		{component.ErrNoHandshake, "the port of ejabberd_service"},
		{component.ErrNoStream, "MQTT"},
		{component.ErrSpeaksTLS, "write server: tls://127.0.0.1:5347"},
		{component.ErrSpeaksHTTP, "name the port of ejabberd_service"},
		{component.ErrNoComponents, "another listener than ejabberd_service"},
		{component.ErrNotAuthorized, "spelled as in ejabberd.yml"},
		{&component.TimeoutError{To: "a@example.org", After: time.Second}, "mod_privilege does not permit"},
		{&component.SizeError{Size: 2, Limit: 1}, "raise max_stanza_size"},
		{&component.MissingGrantError{Host: "example.org"}, "mod_privilege of this host"},
		{&component.MissingGrantError{Host: "a.example.org"}, "server: emanagement.example.org;"},
		{&component.MissingGrantError{Host: "exmaple.org", Excluded: []string{"example.org"}}, "spelled as in ejabberd.yml?"},
		{&component.MissingGrantError{Host: "chat.example.org", Excluded: []string{"a.example", "example.org"}}, "write hosts: [a.example, example.org] with those"},
		{&component.ExcludedError{Host: "b.example", Hosts: []string{"a.example"}}, "write hosts: [a.example, b.example] into"},
		{component.ErrConflict, ""},
		{component.ErrDisconnected, ""},
		{errors.New("something else"), ""},
	} {
		t.Run(test.err.Error(), func(t *testing.T) {
			err := fmt.Errorf("around it: %w", test.err)
			got := a.advise(err)
			assert.ErrorIs(t, got, test.err)
			if test.want == "" {
				assert.Equal(t, err, got)
				return
			}
			assert.Regexp(t, `^around it: .+; `, got.Error())
			assert.Contains(t, got.Error(), test.want)
		})
	}
}

// TestAdviceInLog checks that every error in the log has its advice, under any key.
func TestAdviceInLog(t *testing.T) {
	var log bytes.Buffer
	l := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{ReplaceAttr: adviser{}.logAttr}))
	l.Warn("message", "why", component.ErrSpeaksHTTP, "other", "text", "none", error(nil), "n", 1)
	assert.Contains(t, log.String(), `why="it speaks HTTP; name the port of ejabberd_service" other=text none=<nil> n=1`)
}
