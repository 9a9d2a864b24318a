package hosts

import (
	"slices"
	"sync"
)

// clearing is the set of hosts whose rosters are being cleared.
type clearing struct {
	mu    sync.Mutex
	hosts []string
}

// begin adds hosts until end is called. It returns a *BusyError if another request is
// clearing one of them.
func (c *clearing) begin(hosts []string) (end func(), err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.checkLocked(hosts); err != nil {
		return nil, err
	}
	c.hosts = slices.Concat(c.hosts, hosts)
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.hosts = slices.DeleteFunc(c.hosts, func(h string) bool { return slices.Contains(hosts, h) })
	}, nil
}

// check returns a *BusyError if the rosters of one of the hosts are being cleared.
func (c *clearing) check(hosts []string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.checkLocked(hosts)
}

func (c *clearing) checkLocked(hosts []string) error {
	for _, h := range hosts {
		if slices.Contains(c.hosts, h) {
			return &BusyError{h}
		}
	}
	return nil
}
