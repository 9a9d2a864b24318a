package verb

import "time"

// SetWaits sets how long a requester waits for a long verb, and how often messages about the
// job are sent.
func (n *Namespace) SetWaits(d time.Duration) { n.maxWait, n.reportInterval = d, d }
