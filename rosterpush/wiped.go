package rosterpush

import (
	"slices"
	"sync"
)

// wiped are the hosts whose rosters are being removed.
type wiped struct {
	mu    sync.Mutex
	hosts []string
}

// claim is for who begins to remove the rosters of hosts, and to be released.
// A *BusyError where somebody else does so.
func (w *wiped) claim(hosts []string) (release func(), err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.refuse(hosts); err != nil {
		return nil, err
	}
	w.hosts = slices.Concat(w.hosts, hosts)
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.hosts = slices.DeleteFunc(w.hosts, func(h string) bool { return slices.Contains(hosts, h) })
	}, nil
}

// busy is a *BusyError where the rosters of one of the hosts are being removed.
func (w *wiped) busy(hosts []string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.refuse(hosts)
}

func (w *wiped) refuse(hosts []string) error {
	for _, h := range hosts {
		if slices.Contains(w.hosts, h) {
			return &BusyError{h}
		}
	}
	return nil
}
