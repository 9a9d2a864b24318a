// Package rosterpush keeps the rosters of a server's users as they are asked
// to be: single items, whole rosters, and pairs of users who have each other.
//
// It reads before it writes, writes nothing that already stands, and knows
// afterwards what stands. Requests that touch the same user wait for each
// other; others run at once. What it needs of a server is Server; how rosters
// are reached is left to the packages that implement it.
//
// The terms are those of RFC 6121: a roster belongs to a user and has items,
// each of which names a contact, a subscription and groups.
package rosterpush
