package component

import (
	"context"
	"slices"

	"emanagement/xmpp/address"
)

// Served returns the hosts that have granted access on the current stream, sorted,
// each as the server spells it. It is empty while there is no stream.
func (c *Component) Served() []string { return c.registry.served() }

// Serves reports whether Served lists a host, in any spelling.
func (c *Component) Serves(host string) bool { return c.registry.serves(host) }

// Spelling returns a host as its server spells it if it has granted access on the
// current stream. It returns any other host unchanged.
func (c *Component) Spelling(host string) string {
	if g, ok := c.registry.grant(host); ok {
		return g.host
	}
	return host
}

// Ready waits until a host has granted access. The error is the context's, or a
// *NotGrantedError: the host has not granted access within 10 s from the handshake,
// or Config.Hosts leaves it out.
func (c *Component) Ready(ctx context.Context, host string) error {
	_, err := c.awaitGrant(ctx, host)
	return err
}

// Grant waits as Ready does, with the same errors, and returns the host's grant.
func (c *Component) Grant(ctx context.Context, host string) (Grant, error) {
	for {
		if _, err := c.awaitGrant(ctx, host); err != nil {
			return Grant{}, err
		}
		// The stream may have been lost since.
		if g, ok := c.registry.grant(host); ok {
			return g.Grant, nil
		}
	}
}

func (c *Component) awaitGrant(ctx context.Context, host string) (*link, error) {
	if !c.isConfigured(host) {
		return nil, &NotGrantedError{Host: host, Served: c.cfg.Hosts}
	}
	return c.registry.awaitGrant(ctx, host, c.timing.grant)
}

// isConfigured reports whether Config.Hosts names a host, in any spelling.
func (c *Component) isConfigured(host string) bool { return address.HasHost(c.cfg.Hosts, host) }

// Hosts returns the hosts of Config.Hosts, sorted, each as the server spells it. It
// waits for the grant of each as Ready does, with the same errors.
func (c *Component) Hosts(ctx context.Context) ([]string, error) {
	var hosts []string
	for _, h := range c.cfg.Hosts {
		if err := c.Ready(ctx, h); err != nil {
			return nil, err
		}
		hosts = append(hosts, c.Spelling(h))
	}
	slices.Sort(hosts)
	return hosts, nil
}
