// Package rosterpush manages rosters on a server: single items, whole rosters, and
// pairs of users who have each other. Package hosts manages all rosters of whole
// hosts.
//
// It reads before it writes, does not write what already stands, and knows
// afterwards what stands. Requests about the same item wait for each other, and a look
// at a roster waits for the changes in it; all others run concurrently. Requests that
// want the same roster at the same time share a read, and a roster that has not changed
// is not sent again. The interface Server is what it needs of a server.
// How rosters are reached is left to the packages that implement it.
//
// The terms are those of RFC 6121: a roster belongs to a user and has items. Each
// item names a contact, a subscription and groups.
package rosterpush
