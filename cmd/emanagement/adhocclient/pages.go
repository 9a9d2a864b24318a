package adhocclient

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"mellium.im/xmpp/jid"

	"emanagement/verb"
	"emanagement/verb/wire"
)

// page is one of a long list: what is read of a result, and what is not.
type page struct {
	Shape   string            `json:"shape"`
	Outcome string            `json:"outcome"`
	Items   []json.RawMessage `json:"items"`
	Next    string            `json:"next,omitempty"`
	Lines   []string          `json:"lines"`
}

// pageLimit is how many items are asked for at once: the component looks for
// everybody anew each time, and cuts by itself what is too long for a stanza.
const pageLimit = "10000"

// RunWhole is Run, but of a list that the component cuts, so that it fits in a
// stanza, it asks for all parts, unless the arguments have a limit.
func (c *Client) RunWhole(ctx context.Context, component jid.JID, v *verb.Verb, values map[string][]string, confirmed bool) (wire.Result, error) {
	if _, limited := values["limit"]; limited || !v.Has("from") || !v.Has("limit") {
		return c.Run(ctx, component, v, values, confirmed)
	}
	values = maps.Clone(values)
	values["limit"] = []string{pageLimit}
	r, err := c.Run(ctx, component, v, values, confirmed)
	if err != nil {
		return r, err
	}
	whole, err := pageOf(r)
	if err != nil || whole.Next == "" {
		return r, err
	}
	for whole.Next != "" {
		values["from"] = []string{whole.Next}
		if r, err = c.Run(ctx, component, v, values, confirmed); err != nil {
			return wire.Result{}, err
		}
		next, err := pageOf(r)
		if err != nil {
			return wire.Result{}, err
		}
		whole = whole.and(next)
	}
	text, err := json.Marshal(whole)
	if err != nil {
		return wire.Result{}, err
	}
	return r, json.Unmarshal(text, &r)
}

func pageOf(r wire.Result) (p page, err error) {
	text, err := json.Marshal(r)
	if err != nil {
		return page{}, err
	}
	return p, json.Unmarshal(text, &p)
}

// and is a list with the page that follows it. What is said of the whole is
// what the last page says, but for the number.
func (p page) and(next page) page {
	if n := len(p.Lines); n > 0 && p.Lines[n-1] == verb.More+verb.GoOn(p.Next) {
		p.Lines = p.Lines[:n-1]
	}
	next.Items = slices.Concat(p.Items, next.Items)
	next.Lines = slices.Concat(p.Lines, next.Lines)
	_, counted, _ := strings.Cut(p.Outcome, " ")
	what, _, _ := strings.Cut(counted, ";")
	_, rest, _ := strings.Cut(next.Outcome, ";")
	next.Outcome = fmt.Sprintf("%d %s;%s", len(next.Items), what, rest)
	return next
}
