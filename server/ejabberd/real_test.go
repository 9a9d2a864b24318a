package ejabberd

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/internal/testserver"
)

type section = map[string]any

// httpKinds returns the servers that offer their commands over HTTP only.
func httpKinds() []testserver.Kind {
	return []testserver.Kind{testserver.HTTP, testserver.Debian13, testserver.Debian12}
}

// httpPermission returns the part of the documented configuration that permits commands
// over HTTP.
func httpPermission(config section) section {
	return config["api_permissions"].(section)["emanagement over HTTP"].(section)
}

// addArgs returns the arguments of an add_rosteritem.
func addArgs() []arg {
	return []arg{
		{"localuser", "a"}, {"localhost", "localhost"}, {"user", "b"}, {"host", "localhost"},
		{"nick", "B"}, {"groups", []string{"G"}}, {"subs", "both"},
	}
}

// TestAuthentication checks that a server that permits an IP address, an account or a token
// accepts that and nothing else.
func TestAuthentication(t *testing.T) {
	admin := section{"access": section{"allow": section{"user": "admin@localhost"}}}
	for name, test := range map[string]struct {
		who       section
		good, bad []string
	}{
		"address": {section{"ip": "127.0.0.1"}, []string{"none"}, []string{"wrong token", "wrong password"}},
		"account": {admin, []string{"account"}, []string{"none", "wrong password", "other account"}},
		"token": {section{"oauth": section{"scope": "ejabberd:admin", "access": admin["access"]}}, []string{"token"},
			[]string{"none", "wrong token", "account"}},
	} {
		for _, kind := range httpKinds() {
			if name == "token" && kind == testserver.HTTP {
				continue // an ejabberd that Debian did not package may lack the library for tokens
			}
			t.Run(name+"-"+kind.String(), func(t *testing.T) {
				t.Parallel()
				s := kind.Run(t, func(c section) {
					c["oauth_access"] = "all"
					httpPermission(c)["who"] = test.who
				})
				endpoints := makeEndpoints(t, s, name == "token")
				for _, name := range test.good {
					_, err := clientFor(t, endpoints[name]).call(t.Context(), "add_rosteritem", addArgs())
					assert.NoError(t, err, name)
				}
				for _, name := range test.bad {
					_, err := clientFor(t, endpoints[name]).call(t.Context(), "add_rosteritem", addArgs())
					var refused *Error
					if assert.ErrorAs(t, err, &refused, name) {
						assert.Equal(t, Forbidden, refused.Code, "%s: %v", name, err)
					}
				}
			})
		}
	}
}

// makeEndpoints creates two accounts on a server. It returns endpoints by the name of the
// credentials that they hold.
func makeEndpoints(t *testing.T, s *testserver.Server, withToken bool) map[string]Endpoint {
	for _, user := range []string{"admin", "other"} {
		require.NoError(t, s.Register(t.Context(), user, "localhost", "pw"))
	}
	url := s.APIURL()
	endpoints := map[string]Endpoint{
		"none":           {URL: url},
		"account":        {URL: url, User: "admin@localhost", Password: "pw"},
		"wrong password": {URL: url, User: "admin@localhost", Password: "PW"},
		"other account":  {URL: url, User: "other@localhost", Password: "pw"},
		"wrong token":    {URL: url, Token: "wrong"},
	}
	if withToken {
		issued, err := s.Ctl(t.Context(), "oauth_issue_token", "admin@localhost", "3600", "ejabberd:admin")
		require.NoError(t, err)
		endpoints["token"] = Endpoint{URL: url, Token: strings.Fields(issued)[0]}
	}
	return endpoints
}

// TestResultShapes runs commands with every shape of result, with their newest arguments, on
// every server.
func TestResultShapes(t *testing.T) {
	for _, kind := range httpKinds() {
		t.Run(kind.String(), func(t *testing.T) {
			t.Parallel()
			s := kind.Run(t, func(c section) {
				httpPermission(c)["what"] = "*"
				c["modules"].(section)["mod_muc"], c["modules"].(section)["mod_muc_admin"] = section{}, section{}
			})
			h := clientFor(t, Endpoint{URL: s.APIURL()})
			list := func(command string, args ...arg) []string {
				got, err := h.call(t.Context(), command, args)
				require.NoError(t, err, command)
				return got.list()
			}
			refused := func(code int, text, command string, args ...arg) {
				_, err := h.call(t.Context(), command, args)
				var e *Error
				require.ErrorAs(t, err, &e, command)
				assert.Equal(t, &Error{Command: command, Code: code, Text: text, HTTP: true}, e)
			}
			room := []arg{{"room", "r"}, {"service", "conference.localhost"}}

			assert.Contains(t, list("status")[0], "is started")
			assert.Equal(t, []string{"0"}, list("connected_users_number"))
			assert.Equal(t, []string{"0"}, list("add_rosteritem", addArgs()...))
			assert.Empty(t, list("user_resources", arg{"user", "a"}, arg{"host", "localhost"}))
			assert.Equal(t, []string{"0"}, list("create_room_with_opts", append(room, arg{"host", "localhost"}, arg{"options", map[string]string{"persistent": "true", "title": "a:b"}})...))
			refused(400, "Room already exists", "create_room", append(room, arg{"host", "localhost"})...)
			assert.Equal(t, []string{"r@conference.localhost"}, list("muc_online_rooms", arg{"service", "global"}))
			assert.Equal(t, []string{"0"}, list("set_room_affiliation", append(room, arg{"user", "bob"}, arg{"host", "localhost"}, arg{"affiliation", "owner"})...))
			got, err := h.call(t.Context(), "get_room_affiliations", room)
			require.NoError(t, err)
			records, err := allRecords(got, "jid", "affiliation", "reason")
			require.NoError(t, err)
			assert.Equal(t, []record{{"jid": "bob@localhost", "affiliation": "owner", "reason": ""}}, records)
			got, err = h.call(t.Context(), "get_room_occupants", room)
			require.NoError(t, err)
			records, err = allRecords(got, "jid")
			require.NoError(t, err)
			assert.Empty(t, records)
			assert.Equal(t, []string{"0"}, list("destroy_room", room...))
			refused(0, "Endpoint not found.", "no_such_command_at_all")
		})
	}
}
