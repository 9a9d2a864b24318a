package rostersync

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"mellium.im/xmpp/jid"

	"emanagement/rostersync/plan"
)

// renameGuess finds users who lose all their contacts while another user gets the same ones:
// probably an account was renamed.
type renameGuess struct {
	vanish, appear map[[sha256.Size]byte]string // users, by the digest of their contacts
}

// minRenamed is the number of contacts from which on two users are compared: two users with the
// same one contact are nothing remarkable.
const minRenamed = 2

// maxGuesses is how many probable renames a plan names.
const maxGuesses = 10

func newRenameGuess() *renameGuess {
	return &renameGuess{make(map[[sha256.Size]byte]string), make(map[[sha256.Size]byte]string)}
}

// note takes the plan of a user.
func (g *renameGuess) note(user jid.JID, p plan.Plan) {
	var contacts []string
	added := 0
	for _, c := range p.Changes {
		switch {
		case c.Renamed:
			return
		case c.Action == plan.Add:
			added++
		case !c.Ends:
			return
		}
		contacts = append(contacts, plan.Key(c.Contact))
	}
	if len(contacts) < minRenamed || added > 0 && added < len(contacts) || p.Unchanged > 0 {
		return
	}
	slices.Sort(contacts)
	digest := sha256.Sum256([]byte(strings.Join(contacts, "\n")))
	if added > 0 {
		g.appear[digest] = user.String()
	} else {
		g.vanish[digest] = user.String()
	}
}

// probable returns the probable renames, as text.
func (g *renameGuess) probable() (pairs []string) {
	for digest, former := range g.vanish {
		if now := g.appear[digest]; now != "" {
			pairs = append(pairs, fmt.Sprintf("%s -> %s", former, now))
		}
	}
	slices.Sort(pairs)
	return pairs[:min(len(pairs), maxGuesses)]
}
