package verb

import "time"

// Impatient has askers wait no longer than this for a verb that takes long,
// and hear of it as often.
func (n *Namespace) Impatient(d time.Duration) { n.patience, n.news = d, d }
