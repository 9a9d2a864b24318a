// Package plan compares what an application declares of a user's contacts with what stands in
// the user's roster and with what was written there before, and says what must change. It is
// a pure function of these three.
//
// An item is managed if it is in the ledger, or in a managed group. The subscription and the
// managed groups of a managed item belong to the application; everything else, and every
// other item, belongs to the user.
package plan
