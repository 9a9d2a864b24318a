package verb

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// kinds lists all kinds.
func kinds() []Kind {
	var all []Kind
	for k := User; k <= Confirm; k++ {
		all = append(all, k)
	}
	return all
}

// TestKinds checks what fronts use of each kind.
func TestKinds(t *testing.T) {
	type traits struct {
		multi, jid bool
		options    int
	}
	want := map[Kind]traits{
		User: {jid: true}, Contact: {jid: true}, Session: {jid: true}, Recipient: {jid: true}, After: {jid: true},
		Sender:     {}, // it accepts a local part alone, and clients check the syntax of JIDs
		Recipients: {multi: true}, RecipientsOrAll: {multi: true}, Lines: {multi: true}, Groups: {multi: true},
		Subscription: {options: 4}, Show: {options: 5}, Affiliation: {options: 5},
		Domain: {}, Host: {}, Text: {}, Priority: {}, Number: {}, Room: {}, Confirm: {},
	}
	words := make(map[string]Kind)
	for _, k := range kinds() {
		assert.Equal(t, want[k], traits{k.Multi(), k.IsJID(), len(k.Options())}, k)
		assert.NotEmpty(t, k.String(), int(k))
		assert.NotContains(t, words, k.String())
		words[k.String()] = k
	}
	assert.Len(t, words, len(want), "the table above has every kind")
	assert.Equal(t, "one of available, away, chat, dnd, xa", Show.String())
}
