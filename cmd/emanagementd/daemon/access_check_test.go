package daemon

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"mellium.im/xmpp/jid"

	"emanagement/verb"
)

func TestAccessCheck(t *testing.T) {
	for name, test := range map[string]struct {
		grant verb.Grant
		want  []string
	}{
		"a host":                          {verb.Grant{JID: jid.MustParse("a@localhost"), Hosts: []string{"exmaple.org"}}, []string{"host=exmaple.org", "meant=example.org"}},
		"a dissimilar host":               {verb.Grant{JID: jid.MustParse("a@localhost"), Hosts: []string{"other.example"}}, []string{"host=other.example", `meant=""`}},
		"an account's host":               {verb.Grant{JID: jid.MustParse("a@locahost")}, []string{"jid=a@locahost", "meant=localhost"}},
		"an account at a dissimilar host": {verb.Grant{JID: jid.MustParse("a@far.example")}, nil},
		"another spelling":                {verb.Grant{JID: jid.MustParse("a@EXAMPLE.org"), Hosts: []string{"localhost."}}, nil},
		"a host below":                    {verb.Grant{JID: jid.MustParse("a@web.example.org")}, nil},
		"a component":                     {verb.Grant{JID: jid.MustParse("localhos")}, nil},
		"no account":                      {verb.Grant{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			a := accessCheck{access: []verb.Grant{test.grant}, log: slog.New(slog.NewTextHandler(&log, nil)),
				hosts: func(context.Context) ([]string, error) { return []string{"example.org", "localhost"}, nil }}
			a.run(t.Context(), "")
			for _, want := range test.want {
				assert.Contains(t, log.String(), want)
			}
			once := log.String()
			a.run(t.Context(), "")
			assert.Equal(t, once, log.String())
			assert.Equal(t, len(test.want) > 0, strings.Contains(once, "level=WARN"))
		})
	}
}
