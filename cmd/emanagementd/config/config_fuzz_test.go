package config_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"emanagement/cmd/emanagementd/config"
	"emanagement/component"
	"emanagement/server/ejabberd"
	"emanagement/verb"
	"emanagement/xmpp/address"
)

// FuzzLoad: a configuration that is accepted is complete, and an entry of access allows no
// more than it says. Any other is refused in one line that names the file or the variable.
func FuzzLoad(f *testing.F) {
	for _, end := range []string{
		"", "hosts: [a.example, B.example.]\n", "hosts: [a@b]\n", "max_stanza_size: 10000\n", "max_stanza_size: -1\n", "control: none\n", "control: x\n", "control_group: '1'\n", "control_group: '-1'\n",
		"access: [{jid: a@b, role: admin, hosts: [c], unconfirmed: [destroyAllRooms]}]\n", "access: [{uid: 0, role: read}]\n", "access: [{gid: 4294967295, role: write}]\n", "access: [{jid: '*', role: admin}]\n",
		"access: [{jid: a@b/c, role: read}]\n", "access: [{jid: b, role: read, hosts: &a [c]}, {uid: 1, role: read, hosts: *a}]\n", "access:\n", "access: [{jid: a@b, uid: null, role: read}]\n", "access: [{jid: \"a\\nb@c\", role: x}]\n",
		"api: {url: 'http://a/api', user: A@b, password_file: DIR/secret}\n", "api: {url: 'http://a/api', token_file: DIR/secret}\n", "api: {url: 'http://%zz'}\n", "api: {user: a}\n",
		"limits: {nick: 0}\n", "limits: {nick: 1, group: 1, groups: 1, form: 10000, stanza: 1048576}\n", "limits: {form: null}\n", "limits: {stanza: -1}\n",
	} {
		f.Add(minimalText+end, "")
	}
	f.Add(minimalText, "a.example, b.example")
	f.Add(minimalText, " ,")
	f.Add("jid: a\nserver: unix:/\x01\nsecret_file: /\n", "a")
	f.Fuzz(func(t *testing.T, text, hosts string) {
		if strings.Contains(text, "/dev") || strings.Contains(text, "/proc") {
			return // reading them may take for ever
		}
		dir := newFolder(t)
		path := dir.path("c.yml")
		c, err := dir.load(t, text, map[string]string{"EMANAGEMENT_HOSTS": hosts})
		if err != nil {
			require.Empty(t, c)
			require.NotContains(t, err.Error(), "\n", "%q", text)
			require.True(t, utf8.ValidString(err.Error()), "%q", err)
			require.True(t, strings.HasPrefix(err.Error(), path+": ") || strings.HasPrefix(err.Error(), "environment variable EMANAGEMENT_HOSTS: hosts: "), "%q", err)
			return
		}
		checkConfig(t, c)
		if hosts != "" {
			require.NotEmpty(t, c.Hosts, "none would mean every host")
		}
	})
}

// checkConfig checks what holds for each configuration that is accepted.
func checkConfig(t *testing.T, c config.Config) {
	isHost := func(host string) bool {
		_, err := address.ParseDomain(host)
		return err == nil
	}
	require.True(t, isHost(c.JID.String()))
	require.NoError(t, component.CheckAddress(c.Server))
	require.NotEmpty(t, c.Secret)
	require.False(t, strings.ContainsAny(string(c.Secret), "\r\n"))
	require.True(t, c.MaxStanza == 0 || c.MaxStanza >= 10_000)
	require.GreaterOrEqual(t, c.Control.Group, 0)
	require.True(t, c.Control.Path == "" || strings.HasPrefix(c.Control.Path, "/"))
	for _, limit := range []int{c.Limits.Arguments.Nick, c.Limits.Arguments.Group, c.Limits.Arguments.Groups, c.Limits.Form, c.Limits.Stanza} {
		require.Positive(t, limit)
	}
	for _, host := range c.Hosts {
		require.True(t, isHost(host), "%q", host)
	}
	for _, g := range c.Access {
		checkGrant(t, g)
		for _, host := range g.Hosts {
			require.True(t, isHost(host), "%q", host)
		}
	}
	if c.API != (ejabberd.Endpoint{}) {
		require.NoError(t, ejabberd.CheckURL(c.API.URL))
		require.False(t, c.API.Token != "" && c.API.User != "")
		require.Equal(t, c.API.User == "", c.API.Password == "")
	}
}

// checkGrant checks that a grant has one grantee and a role.
func checkGrant(t *testing.T, g verb.Grant) {
	grantees := 0
	if g.UID != nil {
		grantees++
	}
	if g.GID != nil {
		grantees++
	}
	if g.JID.String() != "" {
		grantees++
		require.NotEmpty(t, g.JID.Domainpart())
		require.Empty(t, g.JID.Resourcepart())
		again, err := address.Parse(g.JID.String())
		require.NoError(t, err)
		require.Equal(t, g.JID.String(), again.String())
	}
	require.Equal(t, 1, grantees)
	require.Contains(t, []verb.Role{verb.Read, verb.Write, verb.Admin}, g.Role)
}
