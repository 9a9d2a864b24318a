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
	// componentName is what the component calls itself.
	componentName = "emanagement"
	// infoLimit is how long the services of a server have to say what they are.
	infoLimit = 5 * time.Second
	// askLimit is how long the server has to say which services it has.
	askLimit = 30 * time.Second
)

// itemList asks for an entity's items, and is the answer (XEP-0030 §4).
type itemList struct {
	XMLName xml.Name `xml:"http://jabber.org/protocol/disco#items query"`
	Items   []struct {
		JID  string `xml:"jid,attr"`
		Node string `xml:"node,attr"`
	} `xml:"item"`
}

// entity asks what an entity is, and is the answer (XEP-0030 §3).
type entity struct {
	XMLName    xml.Name        `xml:"http://jabber.org/protocol/disco#info query"`
	Identities []info.Identity `xml:"identity"`
	Features   []info.Feature  `xml:"feature"`
}

// Component finds the component on the account's server, by service discovery
// (XEP-0030). It waits for the server, for each of the services at most 5 s.
//
// The error is a *wire.Error: of the kind Away where there is none to be
// found, of the kind Usage where there are several.
func (c *Client) Component(ctx context.Context) (jid.JID, error) {
	asking, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	reply, err := c.ask(asking, stanza.GetIQ, c.domain, itemList{})
	if err == nil && reply.Error != nil {
		err = errors.New(text(reply.Error))
	}
	if err != nil {
		return jid.JID{}, away("%s does not say which services it has: %v; --component JID names the component", c.domain, err)
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
		return jid.JID{}, away("%s lists no component emanagement: is it running, and connected? --component JID names one that is listed elsewhere", c.domain)
	case len(found) > 1:
		return jid.JID{}, &wire.Error{Kind: wire.Usage, Text: fmt.Sprintf("%s has several components emanagement: %s; --component JID says which", c.domain, strings.Join(found, ", "))}
	}
	return address.ParseVerbatim(found[0])
}

// services are the items that are no nodes of something else.
func (l *itemList) services() []jid.JID {
	var found []jid.JID
	for _, item := range l.Items {
		if j, err := address.ParseVerbatim(item.JID); err == nil && item.Node == "" {
			found = append(found, j)
		}
	}
	return found
}

// components asks all services at once and returns those that are components
// of ours. One that does not answer in time is none.
func (c *Client) components(ctx context.Context, services []jid.JID) (found []string, err error) {
	asked := make(map[string]jid.JID)
	for _, s := range services {
		id, err := c.send(ctx, stanza.GetIQ, s, entity{})
		if err != nil {
			return nil, err
		}
		asked[id] = s
	}
	waiting, cancel := context.WithTimeout(ctx, infoLimit)
	defer cancel()
	for len(asked) > 0 {
		in, err := c.receive(waiting, nil)
		if err != nil && waiting.Err() != nil && ctx.Err() == nil {
			break
		}
		if err != nil {
			return nil, err
		}
		if service, ok := asked[in.ID]; ok && in.answers(in.ID, service) {
			delete(asked, in.ID)
			if in.Info != nil && in.Info.isComponent() {
				found = append(found, service.String())
			}
		}
	}
	slices.Sort(found)
	return found, nil
}

// isComponent says whether what describes itself so is a component of ours.
func (e *entity) isComponent() bool {
	return slices.ContainsFunc(e.Identities, func(i info.Identity) bool { return i.Name == componentName }) &&
		slices.ContainsFunc(e.Features, func(f info.Feature) bool { return f.Var == command.NS })
}
