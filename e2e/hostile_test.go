package e2e_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"emanagement/internal/testserver"
	"emanagement/internal/xmppclient"
)

// hostile are stanzas that any account may send, with content that would end a
// stream if it were not inside of a stanza (RFC 6120 §8.4).
func hostile(to string, i int) string {
	const streams = "xmlns='http://etherx.jabber.org/streams'"
	content := []string{
		"<error " + streams + "/>",
		"<error " + streams + "><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></error>",
		"<x xmlns='urn:x'><y><error " + streams + "/></y></x>",
		"<stream " + streams + "/>",
		"<other " + streams + "/>",
		"<privilege xmlns='urn:xmpp:privilege:2'><perm access='roster' type='both'/></privilege>",
		"<x xmlns='urn:x'>" + strings.Repeat("<y>", 200) + strings.Repeat("</y>", 200) + "</x>",
	}[i%7]
	start := []string{"message", "presence type='subscribe'", "iq type='get' id='h%d'", "message type='error'", "iq type='result' id='h%d'", "iq type='error' id='h%d'", "iq type='set' id='h%d'", "presence"}[i%8]
	if strings.Contains(start, "%d") {
		start = fmt.Sprintf(start, i)
	}
	name, _, _ := strings.Cut(start, " ")
	return fmt.Sprintf("<%s to='%s'>%s</%s>", start, to, content, name)
}

// undisturbed has clients run verbs while do goes on. All of them succeed, and
// quickly.
func undisturbed(t *testing.T, p *testserver.Program, login func(string) *xmppclient.Client, do func(ctx context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	working, stop := context.WithCancel(ctx)
	var all errgroup.Group
	runs := 0
	client := login("admin@localhost")
	all.Go(func() error {
		for working.Err() == nil || runs < 10 {
			r, err := client.Run(ctx, service, "checkUserJid", args("userJid", "nobody@localhost"))
			if err != nil {
				return err
			}
			if r.Status != "completed" {
				return fmt.Errorf("not completed: %s", r.Raw.String())
			}
			runs++
		}
		return nil
	})
	err := do(ctx)
	stop()
	require.NoError(t, all.Wait())
	require.NoError(t, err)
	assert.NotContains(t, p.Log(), "stream ended")
}

// TestHostileStanzas: whatever an account without rights sends, to any name at
// the component, the stream goes on and others are served.
func TestHostileStanzas(t *testing.T) {
	t.Parallel()
	onEveryVersion(t, nil, func(t *testing.T, p *place) {
		registerOn(t, p.Server, "any@localhost")
		any := p.login(t, "any@localhost")
		undisturbed(t, p.program, func(account string) *xmppclient.Client { return p.login(t, account) }, func(ctx context.Context) error {
			for i := range 100 {
				to := []string{service.String(), "name@" + service.String(), service.String() + "/r"}[i%3]
				if err := any.Send(ctx, hostile(to, i)); err != nil {
					return err
				}
			}
			// What is answered after all of these has come after them.
			_, err := any.Run(ctx, service, "getRoster", nil)
			if err == nil || !strings.Contains(err.Error(), "may not run commands here") {
				return fmt.Errorf("not refused: %w", err)
			}
			return nil
		})
	})
}

// damaged are nicks that the server takes over its API and that no XML stream
// could bring it.
var damaged = []string{"Be\x01n", "\x0b", "tail \uffff"}

// TestDamagedNicks: a roster in which the server keeps what XML does not allow is
// named to whoever asks for it, stops nobody else, and can be mended.
func TestDamagedNicks(t *testing.T) {
	t.Parallel()
	onEveryVersion(t, nil, func(t *testing.T, p *place) {
		admin := p.login(t, "admin@localhost")
		const user, ben, eva = "ana@localhost", "ben@localhost", "eva@localhost"
		for _, nick := range damaged {
			p.put(t, user, entry{ben, nick, "both", []string{"G"}}, entry{eva, "Eva", "to", nil})

			why := failed(t, admin, "getRoster", "userJid", user)
			assert.Contains(t, why, user)
			assert.Contains(t, why, ben)
			assert.NotContains(t, why, eva)
			undisturbed(t, p.program, func(account string) *xmppclient.Client { return p.login(t, account) }, func(ctx context.Context) error {
				for range 100 {
					if _, err := admin.Run(ctx, service, "getRoster", args("userJid", user)); err == nil {
						return fmt.Errorf("%q was shown", nick)
					}
				}
				return nil
			})
			assert.Equal(t, "true", run(t, admin, "checkUserJid", "userJid", user).text)
			list := run(t, admin, "printAllRostersByDomain", "domain", "localhost")
			assert.Contains(t, strings.Join(list.lines, "\n"), "characters that XML does not allow")
			assert.Contains(t, run(t, admin, "getAllUserJidsWithRosterByDomain", "domain", "localhost").lines, user)

			// It can be written anew, or removed.
			done(t, admin, "addBuddyToRoster", "userJid", user, "buddyJid", ben, "buddyNick", "Ben", "buddyGroup", "G", "subscription_type", "both")
			assert.Equal(t, []string{ben + "\tBen\tboth\tnone\tG", eva + "\tEva\tto\tnone\t"}, run(t, admin, "getRoster", "userJid", user).lines)
			p.put(t, user, entry{ben, nick, "both", nil})
			done(t, admin, "removeBuddyFromRoster", "userJid", user, "buddyJid", ben)
			assert.Equal(t, []entry{{eva, "Eva", "to", []string{}}}, p.stored(t, user))
		}
	})
}
