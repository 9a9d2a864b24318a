// Package hosts finds and clears the rosters of whole hosts.
//
// No server lists its rosters in every configuration. So the search begins with the
// users whom its sources name, and goes on from roster to roster, by the contacts in
// them.
package hosts
