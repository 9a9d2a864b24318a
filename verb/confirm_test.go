package verb

import (
	"context"
	"errors"
	"testing"

	"emanagement/verb/wire"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"
)

// destroyer makes a verb that must be confirmed, and records the hosts of each preview and
// each run.
type destroyer struct {
	previewed, destroyed []string // hosts
	err                  error
}

func (d *destroyer) verb(params ...Param) *Verb {
	return &Verb{
		Name: "destroy", Role: Admin, Params: append(params, Param{Name: "confirm", Label: "Again", Kind: Confirm, Extra: true}),
		preview: func(ctx context.Context, c *call) (string, error) {
			hosts, err := c.domains(ctx)
			if err != nil {
				return "", err
			}
			d.previewed = append(d.previewed, hosts...)
			return "at least 7 things of " + c.target(), d.err
		},
		run: func(ctx context.Context, c *call) (Result, error) {
			hosts, err := c.domains(ctx)
			d.destroyed = append(d.destroyed, hosts...)
			return Result{}, err
		},
	}
}

// TestConfirmation checks that nothing is done without the right confirmation, and that only
// an empty confirmation is answered by the preview.
func TestConfirmation(t *testing.T) {
	domain := Param{Name: "domain", Label: "Host, or all", Kind: Domain, Required: true}
	unconfirmed := func(target string) error {
		return &wire.Error{Kind: wire.Confirm, Text: "at least 7 things of " + target, Word: target}
	}
	wrong := func(typed, target string) error {
		return BadArgument("confirm", `"`+typed+`" is not "`+target+`"`)
	}
	every := []string{"a.example", "b.example"}
	for name, test := range map[string]struct {
		params    []Param
		values    []string
		want      error
		previewed []string
		destroyed []string
	}{
		"nothing typed":        {[]Param{domain}, []string{"domain", "a.example"}, unconfirmed("a.example"), every[:1], nil},
		"a blank":              {[]Param{domain}, []string{"domain", "a.example", "confirm", " "}, unconfirmed("a.example"), every[:1], nil},
		"another one":          {[]Param{domain}, []string{"domain", "a.example", "confirm", "b.example"}, wrong("b.example", "a.example"), nil, nil},
		"yes":                  {[]Param{domain}, []string{"domain", "a.example", "confirm", "yes"}, wrong("yes", "a.example"), nil, nil},
		"all for one":          {[]Param{domain}, []string{"domain", "a.example", "confirm", "all"}, wrong("all", "a.example"), nil, nil},
		"one for all":          {[]Param{domain}, []string{"domain", "all", "confirm", "a.example"}, wrong("a.example", "all"), nil, nil},
		"the right one":        {[]Param{domain}, []string{"domain", "a.example", "confirm", "a.example"}, nil, nil, every[:1]},
		"spelled in two ways":  {[]Param{domain}, []string{"domain", "A.Example", "confirm", "a.EXAMPLE."}, nil, nil, every[:1]},
		"all, nothing typed":   {[]Param{domain}, []string{"domain", "all"}, unconfirmed("all"), every, nil},
		"all":                  {[]Param{domain}, []string{"domain", "all", "confirm", "all"}, nil, nil, every},
		"no domain":            {nil, nil, unconfirmed("all"), every, nil},
		"no domain, confirmed": {nil, []string{"confirm", "all"}, nil, nil, every},
		"no domain, a host":    {nil, []string{"confirm", "a.example"}, wrong("a.example", "all"), nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			d := new(destroyer)
			_, err := newTestNamespace(t.Context(), d.verb(test.params...)).run(t, boss, "destroy", test.values...)
			assert.Equal(t, test.want, err)
			assert.Equal(t, test.previewed, d.previewed)
			assert.Equal(t, test.destroyed, d.destroyed)
		})
	}
}

// TestConfirmationIsWorded checks what a requester learns who has not confirmed a verb.
func TestConfirmationIsWorded(t *testing.T) {
	_, err := newTestNamespace(t.Context(), new(destroyer).verb()).run(t, boss, "destroy")
	assert.Equal(t, wire.Confirm, wire.KindOf(err))
	assert.EqualError(t, err, "at least 7 things of all")
}

// TestPreviewFails checks that a verb whose preview fails does not run.
func TestPreviewFails(t *testing.T) {
	d := &destroyer{err: errors.New("some secret of the machine")}
	_, err := newTestNamespace(t.Context(), d.verb()).run(t, boss, "destroy")
	var failed *wire.Error
	require.ErrorAs(t, err, &failed)
	assert.NotContains(t, failed.Text, "secret")
	assert.Empty(t, d.destroyed)
}

// TestGrantWithHosts checks that a requester whose grant has hosts may not run a verb that
// concerns other hosts, and does not learn what it would destroy there.
func TestGrantWithHosts(t *testing.T) {
	did := func(context.Context, *call) (Result, error) { return Result{}, nil }
	param := func(k Kind, name string) []Param { return []Param{{Name: name, Label: "P", Kind: k}} }
	for name, test := range map[string]struct {
		verb    *Verb
		values  []string
		refused string // the scope in the error; empty: not refused
	}{
		"no host named":       {&Verb{run: did}, nil, "every host"},
		"no host concerned":   {&Verb{run: did, Hostless: true}, nil, ""},
		"one's own host":      {&Verb{run: did, Params: param(Domain, "domain")}, []string{"domain", "a.example"}, ""},
		"another":             {&Verb{run: did, Params: param(Domain, "domain")}, []string{"domain", "b.example"}, "b.example"},
		"all":                 {&Verb{run: did, Params: param(Domain, "domain")}, []string{"domain", "all"}, "every host"},
		"left out":            {&Verb{run: did, Params: param(Domain, "domain")}, nil, "every host"},
		"hostless, but named": {&Verb{run: did, Hostless: true, Params: param(Domain, "domain")}, []string{"domain", "b.example"}, "b.example"},
		"everybody":           {&Verb{run: did, Params: param(RecipientsOrAll, "p")}, []string{"p", "all"}, "every host"},
		"some":                {&Verb{run: did, Params: param(RecipientsOrAll, "p")}, []string{"p", "[x@a.example,y@a.example]"}, ""},
		"some elsewhere":      {&Verb{run: did, Params: param(Recipients, "p")}, []string{"p", "[x@a.example,y@b.example]"}, "b.example"},
		"destroys":            {new(destroyer).verb(), nil, "every host"},
		"destroys, confirmed": {new(destroyer).verb(), []string{"confirm", "all"}, "every host"},
	} {
		t.Run(name, func(t *testing.T) {
			test.verb.Name, test.verb.Role = "try", Admin
			n := newTestNamespace(t.Context(), test.verb)
			_, err := n.run(t, limited, "try", test.values...)
			if test.refused == "" {
				require.NoError(t, err)
				return
			}
			require.Equal(t, wire.Forbidden, wire.KindOf(err))
			assert.Regexp(t, "^limited@a.example may not run try.* on "+test.refused+"$", err.Error())
			assert.Contains(t, n.records.String(), "msg=forbidden")
			_, err = n.run(t, boss, "try", test.values...)
			assert.NotEqual(t, wire.Forbidden, wire.KindOf(err), "a requester without limits may")
		})
	}
}

// TestBodiesAreNotRecorded checks that no log has the text of a message.
func TestBodiesAreNotRecorded(t *testing.T) {
	n := newTestNamespace(t.Context(), &Verb{
		Name: "say", Role: Write, Hostless: true, Params: []Param{{Name: "msg", Label: "Text", Kind: Lines, Required: true}, {Name: "title", Label: "Title", Kind: Text}},
		run: func(context.Context, *call) (Result, error) { return Result{}, nil },
	})
	n.answer(t, boss, "say", "msg", "between us", "title", "in the open")
	assert.NotContains(t, n.records.String(), "between us")
	assert.Contains(t, n.records.String(), `msg=[\"(not shown)\"] title=[\"in the open\"]`)
	_, err := n.Run(t.Context(), Request{Requester: jid.MustParse("stranger@a.example/r"), Verb: "say", Values: values("msg", "between us")})
	require.Error(t, err)
	assert.NotContains(t, n.records.String()+n.log.String(), "between us")
}
