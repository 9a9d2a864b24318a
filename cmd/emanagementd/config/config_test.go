package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/cmd/emanagementd/config"
	"emanagement/server/ejabberd"
	"emanagement/verb"
)

// folder is a test's folder. Its file c.yml is the configuration, and secret is the file
// of the secret.
type folder string

func newFolder(t *testing.T) folder {
	dir := folder(t.TempDir())
	dir.write(t, "secret", "s3cret\n", 0o600)
	return dir
}

func (f folder) path(name string) string { return filepath.Join(string(f), name) }

func (f folder) write(t *testing.T, name, text string, mode os.FileMode) {
	require.NoError(t, os.WriteFile(f.path(name), []byte(text), mode))
	require.NoError(t, os.Chmod(f.path(name), mode)) // WriteFile obeys the umask
}

// load loads a configuration in which DIR stands for the folder.
func (f folder) load(t *testing.T, text string, env map[string]string) (config.Config, error) {
	f.write(t, "c.yml", strings.ReplaceAll(text, "DIR", string(f)), 0o644)
	return config.Load(f.path("c.yml"), func(name string) string { return strings.ReplaceAll(env[name], "DIR", string(f)) })
}

// minimalText is the smallest configuration.
const minimalText = "jid: emanagement.example.org\nserver: 127.0.0.1:5347\nsecret_file: DIR/secret\n"

// defaultSocket is the control socket of a configuration that names none.
var defaultSocket = config.Socket{Path: "/run/emanagement/control.sock"}

// defaultLimits are the limits of a configuration that names none.
var defaultLimits = config.Limits{Arguments: verb.Limits{Nick: 1024, Group: 1024, Groups: 100}, Form: 1 << 20, Stanza: 32 << 20}

// minimal returns minimalText's configuration with a change, which may be nil.
func minimal(change func(*config.Config)) config.Config {
	c := config.Config{JID: jid.MustParse("emanagement.example.org"), Server: "127.0.0.1:5347", Secret: []byte("s3cret"), Control: defaultSocket, Hosts: []string{"example.org"}, Limits: defaultLimits}
	if change != nil {
		change(&c)
	}
	return c
}

func TestGood(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		env  map[string]string
		want config.Config
	}{
		"minimal":           {minimalText, nil, minimal(nil)},
		"other environment": {minimalText, map[string]string{"JID": "x", "EMANAGEMENT_NO_SUCH": "x"}, minimal(nil)},
		"everything": {
			minimalText + `
state: /var/lib/emanagement
audit: /var/log/emanagement/audit.log
hosts: [Example.ORG, localhost]
access:
  - {jid: Admin@Example.org, role: admin}
  - jid: app.example.org
    role: write
    hosts: [EXAMPLE.org, localhost]
  - {jid: reader@localhost, role: read}
`, nil,
			minimal(func(c *config.Config) {
				c.State, c.Hosts = "/var/lib/emanagement", []string{"example.org", "localhost"}
				c.Audit = "/var/log/emanagement/audit.log"
				c.Access = []verb.Grant{
					{JID: jid.MustParse("admin@example.org"), Role: verb.Admin},
					{JID: jid.MustParse("app.example.org"), Role: verb.Write, Hosts: []string{"example.org", "localhost"}},
					{JID: jid.MustParse("reader@localhost"), Role: verb.Read},
				}
			}),
		},
		"no control socket": {minimalText + "control: none\n", nil, minimal(func(c *config.Config) { c.Control = config.Socket{} })},
		"access from this machine": {
			minimalText + `
control: /srv/control.sock
access:
  - {uid: 0, role: read}
  - {uid: 1001, role: write, hosts: [Example.org]}
  - {gid: 33, role: admin, unconfirmed: [removeAllRostersByDomain, destroyAllRooms]}
`, nil,
			minimal(func(c *config.Config) {
				c.Control = config.Socket{Path: "/srv/control.sock", Fixed: true}
				id := func(n uint32) *uint32 { return &n }
				c.Access = []verb.Grant{
					{UID: id(0), Role: verb.Read},
					{UID: id(1001), Role: verb.Write, Hosts: []string{"example.org"}},
					{GID: id(33), Role: verb.Admin, Unconfirmed: []string{"removeAllRostersByDomain", "destroyAllRooms"}},
				}
			}),
		},
		"api, without a secret": {minimalText + "api: {url: 'http://127.0.0.1:5281/api/v3'}\n", nil, minimal(func(c *config.Config) {
			c.API = ejabberd.Endpoint{URL: "http://127.0.0.1:5281/api/v3"}
		})},
		"api with a token": {minimalText + "api:\n  url: https://example.org/api\n  token_file: DIR/secret\n", nil, minimal(func(c *config.Config) {
			c.API = ejabberd.Endpoint{URL: "https://example.org/api", Token: "s3cret"}
		})},
		"api with an account": {minimalText + "api: {url: 'http://[::1]/api', user: Admin@Example.org, password_file: DIR/secret}\n", nil, minimal(func(c *config.Config) {
			c.API = ejabberd.Endpoint{URL: "http://[::1]/api", User: "admin@example.org", Password: "s3cret"}
		})},
		"api from the environment": {minimalText + "api: {url: nonsense, token_file: DIR/secret}\n", map[string]string{"EMANAGEMENT_API_URL": "http://localhost/api"}, minimal(func(c *config.Config) {
			c.API = ejabberd.Endpoint{URL: "http://localhost/api", Token: "s3cret"}
		})},
		"some limits": {minimalText + "limits: {groups: 5, form: 8388608}\n", nil, minimal(func(c *config.Config) {
			c.Limits.Arguments.Groups, c.Limits.Form = 5, 8<<20
		})},
		"every limit": {minimalText + "limits: {nick: 1, group: 2, groups: 3, form: 10000, stanza: 1048576}\n", nil, minimal(func(c *config.Config) {
			c.Limits = config.Limits{Arguments: verb.Limits{Nick: 1, Group: 2, Groups: 3}, Form: 10_000, Stanza: 1 << 20}
		})},
		"environment alone": {"", map[string]string{
			"EMANAGEMENT_JID": "e.localhost", "EMANAGEMENT_SERVER": "unix:/run/e.sock", "EMANAGEMENT_SECRET": " not a file ",
			"EMANAGEMENT_STATE": "/state", "EMANAGEMENT_AUDIT": "/audit", "EMANAGEMENT_CONTROL": "/c.sock", "EMANAGEMENT_HOSTS": "b.example, a.example,",
		}, config.Config{
			JID: jid.MustParse("e.localhost"), Server: "unix:/run/e.sock", Secret: []byte("not a file"),
			State: "/state", Audit: "/audit", Control: config.Socket{Path: "/c.sock", Fixed: true}, Hosts: []string{"b.example", "a.example"}, Limits: defaultLimits,
		}},
		"a comment alone, and the environment": {"# nothing here\n", map[string]string{
			"EMANAGEMENT_JID": "e.localhost", "EMANAGEMENT_SERVER": "[::1]:5347", "EMANAGEMENT_SECRET_FILE": "DIR/secret",
		}, config.Config{JID: jid.MustParse("e.localhost"), Server: "[::1]:5347", Secret: []byte("s3cret"), Control: defaultSocket, Hosts: []string{"localhost"}, Limits: defaultLimits}},
		"environment over file": {minimalText + "state: /a\naudit: /c\nhosts: [a.example]\n", map[string]string{
			"EMANAGEMENT_JID": "e.localhost", "EMANAGEMENT_SERVER": "tls://localhost:5348", "EMANAGEMENT_SECRET": "env",
			"EMANAGEMENT_STATE": "/b", "EMANAGEMENT_AUDIT": "/d", "EMANAGEMENT_HOSTS": "b.example",
		}, config.Config{
			JID: jid.MustParse("e.localhost"), Server: "tls://localhost:5348", Secret: []byte("env"),
			State: "/b", Audit: "/d", Control: defaultSocket, Hosts: []string{"b.example"}, Limits: defaultLimits,
		}},
		"environment over what is wrong": {"jid: a@b\nserver: x\nsecret_file: /no/such\nhosts: [a@b]\n", map[string]string{
			"EMANAGEMENT_JID": "emanagement.example.org", "EMANAGEMENT_SERVER": "127.0.0.1:5347", "EMANAGEMENT_SECRET": "s3cret", "EMANAGEMENT_HOSTS": "a.example",
		}, minimal(func(c *config.Config) { c.Hosts = []string{"a.example"} })},
		"the secret before its file": {minimalText, map[string]string{
			"EMANAGEMENT_SECRET": "env", "EMANAGEMENT_SECRET_FILE": "/no/such",
		}, minimal(func(c *config.Config) { c.Secret = []byte("env") })},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := newFolder(t).load(t, test.text, test.env)
			require.NoError(t, err)
			assert.Equal(t, test.want, got)
		})
	}
}

func TestSecretFile(t *testing.T) {
	for text, want := range map[string]string{
		"s": "s", "s\n": "s", "s\r\n": "s", " s \n": "s", "\ufeffs\r\n": "s", "s\n\n \n": "s", "two words\t": "two words", "it's \"<&>\" é\n": "it's \"<&>\" é",
	} {
		for _, mode := range []os.FileMode{0o400, 0o600, 0o640, 0o660, 0o440} {
			t.Run(fmt.Sprintf("%q-%o", text, mode), func(t *testing.T) {
				dir := newFolder(t)
				dir.write(t, "secret", text, 0o600)
				require.NoError(t, os.Chmod(dir.path("secret"), mode))
				c, err := dir.load(t, minimalText, nil)
				require.NoError(t, err)
				assert.Equal(t, want, string(c.Secret))
			})
		}
	}
}

// TestBad checks that every error is one line that names the file or the variable, and
// the key.
func TestBad(t *testing.T) {
	const start = "jid: e.localhost\nserver: 127.0.0.1:5347\n"
	file := func(text, want string) bad { return bad{text: text, want: "DIR/c.yml: " + want} }
	env := func(name, value, want string) bad {
		return bad{text: minimalText, env: map[string]string{name: value}, want: "environment variable " + name + ": " + want}
	}
	for name, test := range map[string]bad{
		"empty":            file("", "jid: missing"),
		"a comment":        file("# nothing\n", "jid: missing"),
		"no jid":           file("server: 127.0.0.1:5347\n", "jid: missing"),
		"null":             file("jid: null\n", "jid: missing"),
		"an account":       file("jid: a@b\n", `jid: "a@b" is not a domain`),
		"a full JID":       file("jid: b/r\n", `jid: "b/r" is not a domain`),
		"no JID":           file("jid: b c\n", `jid: "b c" is not a domain`),
		"no server":        file("jid: e.localhost\n", "server: missing; the address at which the server listens for the component, such as 127.0.0.1:5347"),
		"no address":       file("jid: e.localhost\nserver: there\n", `server: "there": neither host:port nor tls://host:port nor unix:/path`),
		"no secret":        file(start, "secret_file: missing (or set EMANAGEMENT_SECRET)"),
		"no secret file":   file(start+"secret_file: DIR/none\n", "secret_file: DIR/none: no such file or directory"),
		"a folder":         file(start+"secret_file: DIR/private\n", "secret_file: DIR/private: is a directory"),
		"empty secret":     file(start+"secret_file: DIR/empty\n", "secret_file: DIR/empty: empty"),
		"secret of a line": file(start+"secret_file: DIR/lines\n", "secret_file: DIR/lines: empty"),
		"secret for all":   file(start+"secret_file: DIR/open\n", "secret_file: DIR/open: others can read it (mode 0604); chmod 600 it; if its mode cannot be changed, as that of a file mounted into a container, make a copy, or give the secret itself in the environment variable EMANAGEMENT_SECRET"),
		"secret of lines":  file(start+"secret_file: DIR/several\n", "secret_file: DIR/several: more than one line"),
		"hosts":            file(minimalText+"hosts: [localhost, 'a@b']\n", `hosts: "a@b" is not a domain`),
		"an empty host":    file(minimalText+"hosts: ['']\n", "hosts: missing"),

		"access without jid":          file(minimalText+"access: [{role: read}]\n", "access[0].jid: missing (or uid, or gid)"),
		"access without a grantee":    file(minimalText+"access: [null]\n", "access[0].jid: missing (or uid, or gid)"),
		"access of two":               file(minimalText+"access: [{jid: a@b, uid: 5, role: read}]\n", "access[0].jid: an entry is for one jid, uid or gid, not for two of them"),
		"access: uid below 0":         file(minimalText+"access: [{uid: -1, role: read}]\n", "line 4: access[0].uid: -1 is out of range"),
		"access: uid by name":         file(minimalText+"access: [{uid: www-data, role: read}]\n", "line 4: access[0].uid: a text is not allowed here"),
		"access: half a uid":          file(minimalText+"access: [{uid: 5.5, role: read}]\n", "line 4: access[0].uid: 5.5 is not a whole number"),
		"unconfirmed: too little":     file(minimalText+"access: [{uid: 5, role: write, unconfirmed: [destroyAllRooms]}]\n", `access[0].unconfirmed: destroyAllRooms takes the role admin, which this entry does not have`),
		"unconfirmed: no verb":        file(minimalText+"access: [{uid: 5, role: admin, unconfirmed: [removeAll]}]\n", `access[0].unconfirmed: "removeAll" is not a verb that must be confirmed`),
		"unconfirmed: harmless":       file(minimalText+"access: [{uid: 5, role: admin, unconfirmed: [getRoster]}]\n", `access[0].unconfirmed: "getRoster" is not a verb that must be confirmed`),
		"control: no such group":      file(minimalText+"control_group: no-such-group\n", `control_group: "no-such-group" is not a group of this machine; groupadd --system no-such-group creates it`),
		"control: relative":           file(minimalText+"control: control.sock\n", `control: "control.sock" is neither an absolute path nor none`),
		"control: too long":           file(minimalText+"control: /"+strings.Repeat("x", 107)+"\n", `control: "/`+strings.Repeat("x", 107)+`" is longer than the 107 bytes that a socket's path can have`),
		"access: no JID":              file(minimalText+"access:\n- {jid: a@b, role: read}\n- {jid: a b@c, role: read}\n", `access[1].jid: "a b@c" is not a JID: in the name of an account, ' ' is written \20 (XEP-0106)`),
		"access: full JID":            file(minimalText+"access: [{jid: a@b/r, role: read}]\n", `access[0].jid: "a@b/r" has a resource; a grant is for an account at any resource`),
		"access: no role":             file(minimalText+"access: [{jid: a@b}]\n", `access[0].role: "" is not a role (read, write, admin)`),
		"access: bad role":            file(minimalText+"access: [{jid: a@b, role: root}]\n", `access[0].role: "root" is not a role (read, write, admin)`),
		"access: bad host":            file(minimalText+"access: [{jid: a@b, role: read, hosts: [a.example, a@b]}]\n", `access[0].hosts: "a@b" is not a domain`),
		"access: no host":             file(minimalText+"access: [{jid: a@b, role: read, hosts: []}]\n", "line 4: access[0].hosts: empty; name hosts, or leave out the key for all hosts"),
		"access: hosts commented out": file(minimalText+"access:\n  - jid: a@b\n    role: read\n    hosts:\n    # - a.example\n  - {jid: c@b, role: read}\n", "line 7: access[0].hosts: empty; name hosts, or leave out the key for all hosts"),
		"hosts without one":           file(minimalText+"hosts: []\n", "line 4: hosts: empty; name hosts, or leave out the key for the parent domain of jid"),
		"hosts without a parent":      file(strings.Replace(minimalText, "emanagement.example.org", "emanagement", 1), "hosts: missing; the jid emanagement has no parent domain, so name the hosts to manage, such as hosts: [example.org]"),

		"api without url":          file(minimalText+"api: {token_file: DIR/secret}\n", "api.url: missing; the URL of the server's mod_http_api, such as http://127.0.0.1:5281/api/v3"),
		"api: no URL":              file(minimalText+"api: {url: there}\n", `api.url: "there": not like http://127.0.0.1:5281/api/v3`),
		"api: another scheme":      file(minimalText+"api: {url: 'ftp://there/api'}\n", `api.url: "ftp://there/api": not like http://127.0.0.1:5281/api/v3`),
		"api: a secret in the URL": file(minimalText+"api: {url: 'http://a:b@there/api'}\n", "api.url: an account stands in it; user and password_file are for that"),
		"api: a query":             file(minimalText+"api: {url: 'http://there/api?a=b'}\n", `api.url: "http://there/api?a=b": not like http://127.0.0.1:5281/api/v3`),
		"api: token for all":       file(minimalText+"api: {url: 'http://a/api', token_file: DIR/open}\n", "api.token_file: DIR/open: others can read it (mode 0604); chmod 600 it; if its mode cannot be changed, as that of a file mounted into a container, make a copy"),
		"api: empty token":         file(minimalText+"api: {url: 'http://a/api', token_file: DIR/empty}\n", "api.token_file: DIR/empty: empty"),
		"api: password for all":    file(minimalText+"api: {url: 'http://a/api', user: a@b, password_file: DIR/open}\n", "api.password_file: DIR/open: others can read it (mode 0604); chmod 600 it; if its mode cannot be changed, as that of a file mounted into a container, make a copy"),
		"api: no password":         file(minimalText+"api: {url: 'http://a/api', user: a@b}\n", "api.password_file: missing; it names the file with the password of a@b"),
		"api: password only":       file(minimalText+"api: {url: 'http://a/api', password_file: DIR/secret}\n", "api.user: missing; password_file needs it"),
		"api: a host's password":   file(minimalText+"api: {url: 'http://a/api', user: b, password_file: DIR/secret}\n", `api.user: "b" is not an account such as admin@example.org`),
		"api: token and password":  file(minimalText+"api: {url: 'http://a/api', token_file: DIR/secret, user: a@b, password_file: DIR/secret}\n", "api.token_file: there is also a user with a password; use only one of them"),
		"api: the token itself":    file(minimalText+"api: {url: 'http://a/api', token: x}\n", `line 4: unknown key "token"; did you mean token_file?`),
		"api: text":                file(minimalText+"api: http://a/api\n", "line 4: api: a text is not allowed here"),
		"environment: api":         env("EMANAGEMENT_API_URL", "there", `api.url: "there": not like http://127.0.0.1:5281/api/v3`),

		"limits: none":        file(minimalText+"limits: {nick: 0}\n", "limits.nick: 0 is not a number from 1 to 1048576"),
		"limits: too few":     file(minimalText+"limits: {form: 9999}\n", "limits.form: 9999 is not a number from 10000 to 67108864"),
		"limits: too many":    file(minimalText+"limits: {stanza: 1073741825}\n", "limits.stanza: 1073741825 is not a number from 1048576 to 1073741824"),
		"limits: a unit":      file(minimalText+"limits: {stanza: 32 MiB}\n", "line 4: limits.stanza: a text is not allowed here"),
		"limits: unknown key": file(minimalText+"limits: {nicks: 1}\n", `line 4: unknown key "nicks"; did you mean nick?`),

		"unknown key":           file(minimalText+"jids: x\n", `line 4: unknown key "jids"; did you mean jid?`),
		"unknown key, a field":  file(minimalText+"my_field: x\n", `line 4: unknown key "my_field"`),
		"unknown key, capitals": file(minimalText+"State: x\n", `line 4: unknown key "State"; did you mean state?`),
		"unknown key of access": file(minimalText+"access:\n- jid: a@b\n  role: read\n  host: [x]\n", `line 7: unknown key "host"; did you mean hosts?`),
		"unknown key, a slip":   file(minimalText+"contol: /run/c\n", `line 4: unknown key "contol"; did you mean control?`),
		"a tab":                 file(minimalText+"access:\n\t- {jid: a@b, role: read}\n", "line 5: it begins with a tab; YAML allows only spaces there"),
		"no colon":              file("jid e.localhost\nserver: 127.0.0.1:5347\n", "line 1: a colon is missing after jid"),
		"no colon, inside":      file(minimalText+"access:\n  - jid: a@b\n    role read\n", "line 6: a colon is missing after role"),
		"a no-break space":      file("jid:\u00a0e.localhost\n", "line 1: it has a no-break space (U+00A0), which looks like a space and is none"),
		"Latin-1":               file(minimalText+"# M\xfcnchen\n", "line 4: it is not UTF-8 but seems to be Latin-1 (ISO 8859-1, Windows-1252); save it as UTF-8"),
		"the secret itself":     file(minimalText+"secret: x\n", `line 4: unknown key "secret"; did you mean secret_file?`),
		"key twice":             file(minimalText+"jid: x\n", `line 4: mapping key "jid" already defined at [1:1]`),
		"a list of audit files": file(minimalText+"audit: [a]\n", "line 4: audit: a list is not allowed here"),
		"list for a text":       file("jid: [a]\n", "line 1: jid: a list is not allowed here"),
		"map for a text":        file("jid:\n  a: b\n", "line 2: jid: a map is not allowed here"),
		"list in access":        file(minimalText+"access: [{jid: a@b, role: [read]}]\n", "line 4: access[0].role: a list is not allowed here"),
		"text for a list":       file(minimalText+"hosts: localhost\n", "line 4: hosts: a text is not allowed here"),
		"map for a list":        file(minimalText+"hosts: {a: b}\n", "line 4: hosts: a map is not allowed here"),
		"text for access":       file(minimalText+"access: all\n", "line 4: access: a text is not allowed here"),
		"map for access":        file(minimalText+"access:\n  jid: a@b\n  role: read\n", "line 5: access: a map is not allowed here"),
		"text in access":        file(minimalText+"access: [a@b]\n", "line 4: access[0]: a text is not allowed here"),
		"text for hosts":        file(minimalText+"access:\n  - jid: a@b\n    role: read\n    hosts: x\n", "line 7: access[0].hosts: a text is not allowed here"),
		"a list":                file("- jid\n", "line 1: a list is not allowed here"),
		"a text":                file("jid\n", "line 1: a colon is missing after jid"),
		"two documents":         file(minimalText+"---\naccess: []\n", "it has more than one YAML document"),
		"no YAML":               file(minimalText+"hosts: [a\nstate: b\n", ""),
		"no YAML either":        file("jid: \"a\n", ""),
		"no alias":              file("jid: *a\n", ""),
		"no text at all":        file("\x00\xff\n", "it is not UTF-8 but seems to be UTF-16; save it as UTF-8"),
		"UTF-16":                file("\xff\xfej\x00i\x00d\x00", "it is not UTF-8 but seems to be UTF-16; save it as UTF-8"),

		"environment: jid":         env("EMANAGEMENT_JID", "a@b", `jid: "a@b" is not a domain`),
		"environment: server":      env("EMANAGEMENT_SERVER", "there", `server: "there": neither host:port nor tls://host:port nor unix:/path`),
		"environment: secret file": env("EMANAGEMENT_SECRET_FILE", "DIR/none", "secret_file: DIR/none: no such file or directory"),
		"environment: hosts":       env("EMANAGEMENT_HOSTS", "a.example,a@b", `hosts: "a@b" is not a domain`),
		"environment: no hosts":    env("EMANAGEMENT_HOSTS", ",", `hosts: "," is not a domain`),
	} {
		t.Run(name, func(t *testing.T) {
			dir := newFolder(t)
			dir.write(t, "open", "secret", 0o604)
			dir.write(t, "empty", "", 0o600)
			dir.write(t, "lines", "\r\n\n", 0o600)
			dir.write(t, "several", "two\nlines\n", 0o600)
			require.NoError(t, os.Mkdir(dir.path("private"), 0o700))
			got, err := dir.load(t, test.text, test.env)
			require.Error(t, err)
			assert.Empty(t, got)
			assert.NotContains(t, err.Error(), "\n")
			want := strings.ReplaceAll(test.want, "DIR", string(dir))
			if strings.HasSuffix(want, ": ") { // the text is the YAML library's own
				assert.Regexp(t, "^"+want+`line \d+: .`, err.Error())
				return
			}
			assert.EqualError(t, err, want)
		})
	}
}

// bad is a configuration that is refused.
type bad struct {
	text string
	env  map[string]string
	want string
}

func TestNoFile(t *testing.T) {
	dir := newFolder(t)
	_, err := config.Load(dir.path("none.yml"), os.Getenv)
	assert.EqualError(t, err, dir.path("none.yml")+": no such file or directory")
	assert.ErrorIs(t, err, os.ErrNotExist)
	_, err = config.Load(string(dir), os.Getenv)
	assert.EqualError(t, err, string(dir)+": is a directory")
}
