package suggest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"emanagement/verb/suggest"
)

func TestWord(t *testing.T) {
	known := []string{"control", "state", "getRoster", "setBidireccionalBuddys", "url"}
	for word, want := range map[string]string{
		"contol": "control", "Control": "control", "stat": "state", "getroaster": "getRoster", "ulr": "url", "utl": "url", "setBidirectionalBuddies": "setBidireccionalBuddys",
		"": "", "x": "", "audit": "", "reboot": "",
	} {
		assert.Equal(t, want, suggest.Word(word, known), "%q", word)
	}
	assert.Empty(t, suggest.Word("a", nil))
}
