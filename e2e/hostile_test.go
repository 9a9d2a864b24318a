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

// hostileStanza returns one of several stanzas that any account may send. Their
// content would end a stream if it stood outside of a stanza (RFC 6120 §8.4).
func hostileStanza(to string, i int) string {
	const streams = "xmlns='http://etherx.jabber.org/streams'"
	content := []string{
		"<error " + streams + "/>",
		"<error " + streams + "><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></error>",
		"<x xmlns='urn:x'><y><error " + streams + "/></y></x>",
		"<stream " + streams + "/>",
		"<other " + streams + "/>",
		"<privilege xmlns='urn:xmpp:privilege:2'><perm access='roster' type='both'/></privilege>",
		"<x xmlns='urn:x'>" + strings.Repeat("<y>", 200) + strings.Repeat("</y>", 200) + "</x>",
		// An answer that repeats these elements must not declare a reserved namespace
		// (Namespaces in XML §3).
		"<xml:a/>",
		"<x:a xmlns:x='urn:x' x:b='1' xml:lang='en'/>",
		"<xml:a xml:lang='en'><xml:b/></xml:a>",
		"<x xmlns='urn:x' a='&#10;&quot;&gt;'/>",
	}[i%11]
	start := []string{"message", "presence type='subscribe'", "iq type='get' id='h%d'", "message type='error'", "iq type='result' id='h%d'", "iq type='error' id='h%d'", "iq type='set' id='h%d'", "presence"}[i%8]
	if strings.Contains(start, "%d") {
		start = fmt.Sprintf(start, i)
	}
	name, _, _ := strings.Cut(start, " ")
	return fmt.Sprintf("<%s to='%s'>%s</%s>", start, to, content, name)
}

// requireUndisturbed runs do, while a client runs verbs. All the verbs must
// succeed within a minute, and the component's stream must not end.
func requireUndisturbed(t *testing.T, p *testserver.Program, login func(string) *xmppclient.Client, do func(ctx context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	working, stop := context.WithCancel(ctx)
	var all errgroup.Group
	runs := 0
	client := login("admin@localhost")
	all.Go(func() error {
		for working.Err() == nil || runs < 10 {
			r, err := client.Run(ctx, service, "checkUserJid", formValues("userJid", "nobody@localhost"))
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

// TestHostileStanzas has an account without rights send hostile stanzas to
// several addresses of the component. The stream must go on, and the component
// must serve other users.
func TestHostileStanzas(t *testing.T) {
	t.Parallel()
	onEveryVersion(t, nil, func(t *testing.T, d *deployment) {
		registerOn(t, d.Server, "any@localhost")
		any := d.login(t, "any@localhost")
		requireUndisturbed(t, d.program, func(account string) *xmppclient.Client { return d.login(t, account) }, func(ctx context.Context) error {
			for i := range 100 {
				to := []string{service.String(), "name@" + service.String(), service.String() + "/r"}[i%3]
				if err := any.Send(ctx, hostileStanza(to, i)); err != nil {
					return err
				}
			}
			// An answer to this request proves that the component has read all of them.
			_, err := any.Run(ctx, service, "getRoster", nil)
			if err == nil || !strings.Contains(err.Error(), "may not run commands here") {
				return fmt.Errorf("not refused: %w", err)
			}
			return nil
		})
	})
}

// damagedNicks are nicks that the server accepts over its API, but that no XML
// stream can carry.
var damagedNicks = []string{"Be\x01n", "\x0b", "tail \uffff"}

// TestDamagedNicks checks a roster that contains characters that XML does not
// allow. A requester of that roster gets an error that names it. Other requests
// still work, and verbs can repair the roster.
func TestDamagedNicks(t *testing.T) {
	t.Parallel()
	onEveryVersion(t, nil, func(t *testing.T, d *deployment) {
		admin := d.login(t, "admin@localhost")
		const user, ben, eva = "ana@localhost", "ben@localhost", "eva@localhost"
		for _, nick := range damagedNicks {
			d.storeItems(t, user, storedItem{ben, nick, "both", []string{"G"}}, storedItem{eva, "Eva", "to", nil})

			why := requireFailure(t, admin, "getRoster", "userJid", user)
			assert.Contains(t, why, user)
			assert.Contains(t, why, ben)
			assert.NotContains(t, why, eva)
			requireUndisturbed(t, d.program, func(account string) *xmppclient.Client { return d.login(t, account) }, func(ctx context.Context) error {
				for range 100 {
					if _, err := admin.Run(ctx, service, "getRoster", formValues("userJid", user)); err == nil {
						return fmt.Errorf("%q was shown", nick)
					}
				}
				return nil
			})
			assert.Equal(t, "true", runVerb(t, admin, "checkUserJid", "userJid", user).text)
			list := runVerb(t, admin, "printAllRostersByDomain", "domain", "localhost")
			assert.Contains(t, strings.Join(list.lines, "\n"), "characters that XML does not allow")
			assert.Contains(t, runVerb(t, admin, "getAllUserJidsWithRosterByDomain", "domain", "localhost").lines, user)

			// The item can be overwritten or removed.
			requireDone(t, admin, "addBuddyToRoster", "userJid", user, "buddyJid", ben, "buddyNick", "Ben", "buddyGroup", "G", "subscription_type", "both")
			assert.Equal(t, []string{ben + "\tBen\tboth\tnone\tG", eva + "\tEva\tto\tnone\t"}, runVerb(t, admin, "getRoster", "userJid", user).lines)
			d.storeItems(t, user, storedItem{ben, nick, "both", nil})
			requireDone(t, admin, "removeBuddyFromRoster", "userJid", user, "buddyJid", ben)
			assert.Equal(t, []storedItem{{eva, "Eva", "to", []string{}}}, d.storedRoster(t, user))
		}
	})
}
