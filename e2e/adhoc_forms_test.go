package e2e_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/internal/xmppclient"
)

// verbForms lists the verbs in the order in which the component lists them.
// Each has the role that the verb requires and the fields of its form: var,
// type, and a star if a value is required.
var verbForms = []struct {
	verb, role string
	fields     []string
}{
	{"addBuddyToRoster", "write", []string{"userJid jid-single *", "buddyJid jid-single *", "buddyNick text-single", "buddyGroup text-multi", "subscription_type list-single *"}},
	{"removeBuddyFromRoster", "write", []string{"userJid jid-single *", "buddyJid jid-single *"}},
	{"setBidireccionalBuddys", "write", []string{"userAJid jid-single *", "userBJid jid-single *", "userANick text-single", "userBNick text-single", "groupForA text-multi", "groupForB text-multi"}},
	{"unsetBidireccionalBuddys", "write", []string{"userJid jid-single *", "oldFriendJid jid-single *", "oldFriendNick text-single", "groupForOldFriend text-multi"}},
	{"getRoster", "read", []string{"userJid jid-single *"}},
	{"removeRoster", "write", []string{"userJid jid-single *"}},
	{"checkUserJid", "read", []string{"userJid jid-single *"}},
	{"checkBidirecctionalBuddys", "read", []string{"userAJid jid-single *", "userBJid jid-single *"}},
	{"removeAllRostersByDomain", "admin", []string{"domain text-single *", "confirm text-single"}},
	{"removeAllRosters", "admin", []string{"confirm text-single"}},
	{"getAllUserJidsWithRosterByDomain", "read", []string{"domain text-single *", "from jid-single", "limit text-single"}},
	{"printAllRostersByDomain", "read", []string{"domain text-single *", "from jid-single", "limit text-single"}},
	{"printAllRosters", "read", []string{"from jid-single", "limit text-single"}},
	{"printAllBidirecctionalBuddysByDomain", "read", []string{"domain text-single *", "from jid-single", "limit text-single"}},
	{"setPresence", "write", []string{"userJid text-single *", "status text-single", "priority text-single"}},
	{"unsetPresence", "write", []string{"userJid text-single *", "status text-single"}},
	{"sendPresence", "write", []string{"userJid text-single *", "show list-single", "status text-single", "priority text-single"}},
	{"getUserResource", "read", []string{"userJid jid-single *"}},
	{"getConnectedJids", "read", nil},
	{"getConnectedJidsByDomain", "read", []string{"domain text-single *"}},
	{"kickUserJid", "write", []string{"userJid jid-single *"}},
	{"isEjabberdNodeStarted", "read", nil},
	{"sendMessageToUser", "write", []string{"fromJid text-single *", "toJid jid-single *", "msg text-multi *"}},
	{"broadcast", "write", []string{"admin text-single *", "userJids text-multi *", "msg text-multi *"}},
	{"broadcastToConnectedUsers", "write", []string{"admin text-single *", "userJids text-multi *", "msg text-multi *"}},
	{"createPersistentRoom", "write", []string{"roomName text-single *", "domain text-single *"}},
	{"createRoom", "write", []string{"roomName text-single *", "domain text-single *"}},
	{"destroyRoom", "write", []string{"roomName text-single *", "domain text-single *"}},
	{"destroyAllRoomsByDomain", "admin", []string{"domain text-single *", "confirm text-single"}},
	{"destroyAllRooms", "admin", []string{"confirm text-single"}},
	{"getAllJidsOfRoom", "read", []string{"roomName text-single *", "domain text-single *"}},
	{"getAffiliationsOfRoom", "read", []string{"roomName text-single *", "domain text-single *"}},
	{"setJidAffiliationOfRoom", "write", []string{"roomName text-single *", "domain text-single *", "jid jid-single *", "affiliation list-single *"}},
	{"printAllRoomsByDomain", "read", []string{"domain text-single *"}},
	{"printAllRooms", "read", nil},
	{"listJobs", "read", nil},
	{"stopJob", "read", []string{"job text-single *"}},
}

// listOptions are the options of the fields of type list-single.
var listOptions = map[string][]string{
	"subscription_type": {"none", "to", "from", "both"},
	"show":              {"available", "away", "chat", "dnd", "xa"},
	"affiliation":       {"owner", "admin", "member", "outcast", "none"},
}

// TestAdhocForms checks the form of each verb. profanity loses the value of a
// field without a type, and a field without a label is not understandable. A
// verb without fields answers at once.
func TestAdhocForms(t *testing.T) {
	admin := login(t, "admin@localhost")
	for _, want := range verbForms {
		t.Run(want.verb, func(t *testing.T) {
			t.Parallel()
			r, err := admin.Execute(shortContext(t), service, want.verb)
			require.NoError(t, err)
			assert.Equal(t, want.verb, r.Node)
			assert.NotEmpty(t, r.SessionID)
			if want.fields == nil {
				assert.Equal(t, "completed", r.Status)
				return
			}
			assert.Equal(t, "executing", r.Status)
			assert.Equal(t, "complete", r.DefaultAction)
			assert.Equal(t, []string{"complete"}, r.Actions)
			assert.Empty(t, r.Notes)
			assert.Equal(t, "form", r.FormType)
			assert.Regexp(t, "^"+want.verb+": .", r.Title)
			assert.NotEmpty(t, r.Instructions)
			assert.NotContains(t, r.Instructions, "\n", "one element, because clients show only the first")
			assert.Equal(t, want.fields, fieldsOf(t, r))
		})
	}
}

// fieldsOf describes the fields of a form as verbForms does, and checks the
// properties that every field must have.
func fieldsOf(t testing.TB, r xmppclient.Response) []string {
	var fields []string
	for _, f := range r.Fields {
		required := ""
		if f.Required {
			required = " *"
		}
		fields = append(fields, f.Var+" "+f.Type+required)
		assert.NotEmpty(t, f.Label, f.Var)
		var want []xmppclient.Option
		if f.Required && listOptions[f.Var] != nil {
			// Without this option, poezio and Psi preselect the first subscription.
			want = []xmppclient.Option{{Label: "(choose one)"}}
			assert.Equal(t, []string{""}, f.Values, f.Var)
		} else {
			assert.Empty(t, f.Values, f.Var)
		}
		for _, o := range listOptions[f.Var] {
			want = append(want, xmppclient.Option{Label: o, Value: o})
		}
		assert.Equal(t, want, f.Options, f.Var)
		assert.Equal(t, want != nil, f.Type == "list-single", f.Var)
	}
	return fields
}
