package adhocclient

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"mellium.im/xmpp/disco/info"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"

	"emanagement/verb/wire"
	"emanagement/xmpp/address"
	"emanagement/xmpp/command"
)

const (
	// componentName is the name of the component's identity.
	componentName = "emanagement"
	// itemsLimit limits the wait for the server's list of services.
	itemsLimit = 30 * time.Second
	// infoLimit limits the wait for the descriptions of the services.
	infoLimit = 5 * time.Second
)

// itemList is the request for an entity's items, and the reply (XEP-0030 §4).
type itemList struct {
	XMLName xml.Name `xml:"http://jabber.org/protocol/disco#items query"`
	Items   []struct {
		JID  string `xml:"jid,attr"`
		Node string `xml:"node,attr"`
	} `xml:"item"`
}

// entityInfo is the request for an entity's description, and the reply (XEP-0030 §3).
type entityInfo struct {
	XMLName    xml.Name        `xml:"http://jabber.org/protocol/disco#info query"`
	Identities []info.Identity `xml:"identity"`
	Features   []info.Feature  `xml:"feature"`
}

// Component finds the component on the account's server by service discovery (XEP-0030).
// It blocks for at most 30 s until the server lists its services, and then for at most 5 s
// until all of them have answered.
//
// The error is a *wire.Error: of the kind Usage if there are several components, and
// otherwise of the kind Away.
func (c *Client) Component(ctx context.Context) (jid.JID, error) {
	listing, cancel := context.WithTimeout(ctx, itemsLimit)
	defer cancel()
	reply, err := c.ask(listing, stanza.GetIQ, c.domain, itemList{})
	if err == nil && reply.Error != nil {
		err = errors.New(errorText(reply.Error))
	}
	if err != nil {
		return jid.JID{}, away("%s does not list its services: %v; name the component by --component JID", c.domain, err)
	}
	var services []jid.JID
	if reply.Items != nil {
		services = reply.Items.services()
	}
	found, err := c.components(ctx, services)
	switch {
	case err != nil:
		return jid.JID{}, away("%s: %v", c.domain, err)
	case len(found) == 0:
		return jid.JID{}, away("%s lists no component emanagement; is it running and connected? if another server lists it, name it by --component JID", c.domain)
	case len(found) > 1:
		return jid.JID{}, &wire.Error{Kind: wire.Usage, Text: fmt.Sprintf("%s has several components emanagement: %s; name one by --component JID", c.domain, strings.Join(found, ", "))}
	}
	return address.ParseVerbatim(found[0])
}

// services returns the items that are entities of their own, not nodes of another one.
func (l *itemList) services() []jid.JID {
	var found []jid.JID
	for _, item := range l.Items {
		if j, err := address.ParseVerbatim(item.JID); err == nil && item.Node == "" {
			found = append(found, j)
		}
	}
	return found
}

// components asks all services at once, and returns those that are an emanagement
// component. A service that does not answer within infoLimit counts as another one.
func (c *Client) components(ctx context.Context, services []jid.JID) (found []string, err error) {
	pending := make(map[string]jid.JID) // by the request's id
	for _, s := range services {
		id, err := c.send(ctx, stanza.GetIQ, s, entityInfo{})
		if err != nil {
			return nil, err
		}
		pending[id] = s
	}
	waiting, cancel := context.WithTimeout(ctx, infoLimit)
	defer cancel()
	for len(pending) > 0 {
		in, err := c.receive(waiting, nil)
		if err != nil && waiting.Err() != nil && ctx.Err() == nil {
			break
		}
		if err != nil {
			return nil, err
		}
		if service, ok := pending[in.ID]; ok && in.answers(in.ID, service) {
			delete(pending, in.ID)
			if in.Info != nil && in.Info.isComponent() {
				found = append(found, service.String())
			}
		}
	}
	slices.Sort(found)
	return found, nil
}

// isComponent reports whether this is the description of an emanagement component.
func (e *entityInfo) isComponent() bool {
	return slices.ContainsFunc(e.Identities, func(i info.Identity) bool { return i.Name == componentName }) &&
		slices.ContainsFunc(e.Features, func(f info.Feature) bool { return f.Var == command.NS })
}
