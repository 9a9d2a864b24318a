package adhocclient

import (
	"context"
	"maps"

	"mellium.im/xmpp/jid"

	"emanagement/verb"
	"emanagement/verb/wire"
)

// pageLimit is the number of items of one page. Pages should be large, because the
// component searches all rosters again for each page. If a page does not fit in a stanza,
// the component shortens it.
const pageLimit = "10000"

// RunWhole is Run, but returns a list as a whole: it requests all its pages. The component
// shortens a list that does not fit in a stanza. If the arguments have a limit, RunWhole
// requests one page.
func (c *Client) RunWhole(ctx context.Context, component jid.JID, v *verb.Verb, values map[string][]string, confirmed bool) (wire.Result, error) {
	if _, limited := values["limit"]; limited || !v.Has("from") || !v.Has("limit") {
		return c.Run(ctx, component, v, values, confirmed)
	}
	values = maps.Clone(values)
	values["limit"] = []string{pageLimit}
	whole, err := c.Run(ctx, component, v, values, confirmed)
	for err == nil && whole.Next != "" {
		values["from"] = []string{whole.Next}
		var page wire.Result
		if page, err = c.Run(ctx, component, v, values, confirmed); err == nil {
			whole = whole.Joined(page)
		}
	}
	if err != nil {
		return wire.Result{}, err
	}
	return whole, nil
}
