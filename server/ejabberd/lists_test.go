package ejabberd

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/room"
)

// TestListsNameNoOtherHost checks that what a list says about other hosts is left out. The
// lists of users, sessions and rooms are made by these functions only, so no consumer (the
// lists of connected users, broadcasts, subscribers, the crawl of rosters, the destruction
// of rooms) reaches another host by them.
func TestListsNameNoOtherHost(t *testing.T) {
	const host = "a.example"
	got, err := sessionsOn(host, []string{"u@a.example/r", "v@A.EXAMPLE./r", "u@b.example/r", "w@sub.a.example/r", "x@a.example.b.example/a.example", "y@a.example/b.example"})
	require.NoError(t, err)
	var sessions []string
	for _, s := range got {
		sessions = append(sessions, s.String())
	}
	assert.Equal(t, []string{"u@a.example/r", "v@A.EXAMPLE./r", "y@a.example/b.example"}, sessions)

	for name, want := range map[string]string{
		"u": "u@a.example", "u@a.example": "u@a.example", "u@A.example.": "u@a.example",
		"u@b.example": "", "u@sub.a.example": "", "u@a.example@b.example": "", "u@": "",
	} {
		user, ok := userOn(host, name)
		assert.Equal(t, want != "", ok, name)
		if ok {
			assert.Equal(t, jid.MustParse(want), user)
		}
	}

	assert.Equal(t, []room.Room{{Name: "r", Host: host}, {Name: "s", Host: host}, {Name: "t", Host: host}},
		roomsOn(host, []string{"r@conference.a.example", "s", "x@conference.b.example", "y@a.example", "t@CONFERENCE.A.example", "z@conference.a.example@b.example"}))
}
