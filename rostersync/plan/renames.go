package plan

import "mellium.im/xmpp/jid"

// Renames are accounts that have another JID now. The zero value has none.
type Renames struct {
	now, former map[string]string // by Key
}

// Add adds an account. It returns false, and adds nothing, if one of the two JIDs is that of
// another rename.
func (r *Renames) Add(former, now jid.JID) bool {
	f, n := Key(former), Key(now)
	_, twice := r.now[f]
	_, taken := r.former[n]
	if f == n || r.now[f] == n {
		return true
	}
	if twice || taken {
		return false
	}
	if r.now == nil {
		r.now, r.former = make(map[string]string), make(map[string]string)
	}
	r.now[f], r.former[n] = n, f
	return true
}

// has reports whether an account has another JID now.
func (r Renames) has(former jid.JID) bool {
	_, ok := r.now[Key(former)]
	return ok
}
