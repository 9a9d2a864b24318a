// Package graph reads and writes a social graph: one contact a row, as CSV (RFC 4180) or
// JSON Lines, plain or compressed. docs/sync.md describes the format.
package graph
