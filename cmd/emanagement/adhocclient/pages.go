package adhocclient

import (
	"context"
	"maps"

	"mellium.im/xmpp/jid"

	"emanagement/verb"
	"emanagement/verb/wire"
)

// pageLimit is the number of items of one page. The component searches all rosters anew
// for each page, so that pages should be large. It cuts by itself a page that is too
// large for a stanza.
const pageLimit = "10000"

// RunWhole is Run for a list: it asks for page after page, because the component cuts a
// list that does not fit in a stanza. If the arguments have a limit, it asks once.
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
