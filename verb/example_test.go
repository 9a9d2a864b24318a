package verb

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestExamples checks that every parameter accepts its example.
func TestExamples(t *testing.T) {
	for _, v := range Verbs() {
		given, users := make(map[string][]string), 0
		for _, p := range v.Params {
			if p.Kind.IsJID() || p.Kind == Sender {
				users++
			}
			given[p.Name] = []string{p.example("a.example", users)}
			assert.NotEmpty(t, given[p.Name][0], "%s %s", v.Name, p.Name)
		}
		_, err := v.parse("emanagement.a.example", sameSpelling, DefaultLimits(), given)
		assert.NoError(t, err, v.Name)
		for _, j := range v.Places() {
			for _, k := range v.Places() {
				same := strings.Join(given[j.Name], "") == strings.Join(given[k.Name], "")
				assert.False(t, j.Name != k.Name && j.Kind.IsJID() && k.Kind.IsJID() && same, "%s: the same JID twice", v.Name)
			}
		}
	}
	for _, k := range kinds() {
		assert.NotEmpty(t, k.example("a.example", 1), k)
	}
}

func TestExample(t *testing.T) {
	for name, want := range map[string]string{
		"addBuddyToRoster": `addBuddyToRoster ana@a.example ben@a.example "Ben Smith" Friends both`,
		"listJobs":         "listJobs",
		"broadcast":        `broadcast ana@a.example "[ben@a.example,eva@a.example]" "See you at eight"`,
	} {
		i := indexOf(name)
		require.GreaterOrEqual(t, i, 0)
		assert.Equal(t, want, Verbs()[i].Example("a.example"))
	}
	status := Verbs()[indexOf("setPresence")].Flags()[0]
	assert.Equal(t, `--status "Out for lunch"`, ExampleOf(status, "a.example"))
}

func indexOf(name string) int {
	for i, v := range Verbs() {
		if v.Name == name {
			return i
		}
	}
	return -1
}

func TestQuote(t *testing.T) {
	for word, want := range map[string]string{
		"":                        `""`,
		"a@b.example/r":           "a@b.example/r",
		"--status=x":              "--status=x",
		"Müller":                  "Müller",
		"two words":               `"two words"`,
		"$(reboot) `id` \"a\\b\"": "'$(reboot) `id` \"a\\b\"'",
		`C:\Users "B's"`:          `'C:\Users "B'\''s"'`,
		"it's":                    `"it's"`,
		"O’Brien":                 `"O’Brien"`,
		"*":                       `"*"`,
		"a\nb":                    "\"a\nb\"",
	} {
		assert.Equal(t, want, Quote(word), "%q", word)
	}
}
