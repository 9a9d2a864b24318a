package component

import (
	"context"
	"encoding/xml"

	"mellium.im/xmlstream"
	"mellium.im/xmpp/disco"
	"mellium.im/xmpp/disco/info"
	"mellium.im/xmpp/disco/items"
	"mellium.im/xmpp/ping"
	"mellium.im/xmpp/stanza"
	"mellium.im/xmpp/version"
)

// Node describes the component, or one of its nodes, to service discovery (XEP-0030).
type Node struct {
	Identities []info.Identity
	Features   []string
	Items      []items.Item
}

type discovery struct {
	features []string // of the component itself, without the basic ones
	node     func(r Request, node string) (Node, error)
}

// Discover registers node, which is called for every request that names a node. Its
// error, a stanza.Error, is sent as it is. The features are added to those of the
// component itself. Discover must be called once at most, before Run.
func (c *Component) Discover(features []string, node func(r Request, node string) (Node, error)) {
	c.disco = discovery{features: features, node: node}
}

// handleBasics registers the handlers of requests that every entity answers: service
// discovery, ping (XEP-0199) and software version (XEP-0092).
func (c *Component) handleBasics() {
	c.Handle(stanza.GetIQ, xml.Name{Space: disco.NSInfo, Local: "query"}, c.discoInfo)
	c.Handle(stanza.GetIQ, xml.Name{Space: disco.NSItems, Local: "query"}, c.discoItems)
	c.Handle(stanza.GetIQ, xml.Name{Space: ping.NS, Local: "ping"}, func(context.Context, Request) (xml.TokenReader, error) {
		return nil, nil
	})
	c.Handle(stanza.GetIQ, xml.Name{Space: version.NS, Local: "query"}, func(context.Context, Request) (xml.TokenReader, error) {
		return version.Query{Name: c.cfg.Name, Version: c.cfg.Version}.TokenReader(), nil
	})
}

func (c *Component) discoInfo(_ context.Context, r Request) (xml.TokenReader, error) {
	node, err := c.lookUp(r)
	if err != nil {
		return nil, err
	}
	var inner []xml.TokenReader
	for _, id := range node.Identities {
		inner = append(inner, id.TokenReader())
	}
	for _, f := range node.Features {
		inner = append(inner, info.Feature{Var: f}.TokenReader())
	}
	return query(disco.NSInfo, r, inner), nil
}

func (c *Component) discoItems(_ context.Context, r Request) (xml.TokenReader, error) {
	node, err := c.lookUp(r)
	if err != nil {
		return nil, err
	}
	var inner []xml.TokenReader
	for _, i := range node.Items {
		inner = append(inner, i.TokenReader())
	}
	return query(disco.NSItems, r, inner), nil
}

// lookUp returns the node that a request names, or the component itself if it names
// none.
func (c *Component) lookUp(r Request) (Node, error) {
	name := r.Attr("node")
	if name == "" {
		return Node{
			Identities: []info.Identity{{Category: "component", Type: "generic", Name: c.cfg.Name}},
			Features:   append([]string{disco.NSInfo, disco.NSItems, ping.NS, version.NS}, c.disco.features...),
		}, nil
	}
	if c.disco.node == nil {
		return Node{}, Refuse(stanza.Cancel, stanza.ItemNotFound, "no such node: "+name)
	}
	return c.disco.node(r, name)
}

// query wraps the answer to a discovery request and repeats its node (XEP-0030 §3.2).
func query(ns string, r Request, inner []xml.TokenReader) xml.TokenReader {
	start := xml.StartElement{Name: xml.Name{Space: ns, Local: "query"}}
	if node := r.Attr("node"); node != "" {
		start.Attr = []xml.Attr{{Name: xml.Name{Local: "node"}, Value: node}}
	}
	return xmlstream.Wrap(xmlstream.MultiReader(inner...), start)
}
