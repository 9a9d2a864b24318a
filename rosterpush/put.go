package rosterpush

import (
	"context"

	"mellium.im/xmpp/jid"
)

// Put makes an item of the user's roster exactly as given, whatever stood there.
// The contact's own roster is not touched. If the item already stands, nothing is
// written. A pending request ends if the new subscription includes the contact's
// presence, and stays otherwise. f names the arguments for an *InvalidError.
//
// changed reports whether anything was written. Errors: an *InvalidError before
// anything is sent; a *ChangeError, which says what stands, if the last of several
// writes failed; ErrSharedItem if the item was written and the server shows it
// otherwise.
func (r *Rosters) Put(ctx context.Context, user jid.JID, want Item, f Fields) (changed bool, err error) {
	applied, err := r.Apply(ctx, user, Target{Contact: want.JID, Item: &want, Fields: f})
	if err != nil {
		return false, err
	}
	return applied[0].Changed, applied[0].Err
}
