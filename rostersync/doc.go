// Package rostersync makes the rosters of a host follow an application's graph. A run stages
// what the application declares, compares it with the rosters and with the ledger of what was
// written before, and stores the changes that this takes: the plan. Applied, a plan changes
// item by item what still is as it was.
//
// The rules are in package plan, and the format of the input is in package graph.
// docs/sync.md describes both for users.
package rostersync
