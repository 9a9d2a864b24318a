package wire

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestValues(t *testing.T) {
	for text, want := range map[string]Values{
		`"a"`: {"a"}, `""`: {""}, `[]`: {}, `["a","b"]`: {"a", "b"}, `7`: {"7"}, `-128`: {"-128"}, `1000000`: {"1000000"}, `true`: {"true"}, `["a",7]`: {"a", "7"},
		`{}`: nil, `[["a"]]`: nil, `[{}]`: nil,
	} {
		t.Run(text, func(t *testing.T) {
			var got Values
			err := json.Unmarshal([]byte(text), &got)
			assert.Equal(t, want == nil, err != nil, err)
			if want != nil {
				assert.Equal(t, want, got)
			}
		})
	}
}

// TestResultIsPassedOn checks that a result keeps the fields that this version does not
// know.
func TestResultIsPassedOn(t *testing.T) {
	const text = `{"shape":"table","outcome":"1 item","items":[{"jid":"a@b"}],"lines":["a@b"]}`
	var r Reply
	require.NoError(t, json.Unmarshal([]byte(`{"result":`+text+`}`), &r))
	assert.Equal(t, []string{"a@b"}, r.Result.Lines)
	var again strings.Builder
	require.NoError(t, r.Result.Print(&again, true))
	assert.Equal(t, text+"\n", again.String())
}
