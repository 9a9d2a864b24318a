// Package nodeprep prepares the local parts and domains of JIDs as XMPP servers do: by
// the stringprep profiles Nodeprep (RFC 3920 appendix A) and Nameprep (RFC 3491), over
// Unicode 3.2. Its results equal those of ejabberd's library, peculiarities included. The
// tests compare the two over all of Unicode.
//
// One difference remains: ejabberd does not always sort three or more combining marks in
// a row.
package nodeprep

import (
	"strings"
	"unicode/utf8"

	"github.com/xdg-go/stringprep"
)

// maxBytes limits a part, in bytes, both before and after preparation (RFC 7622 §3.1).
const maxBytes = 1023

// Local prepares a local part by Nodeprep. ok is false if servers refuse it: it is empty,
// has more than 1023 bytes, or contains a character that no local part may contain.
func Local(s string) (prepared string, ok bool) {
	if isPlain(s) {
		return s, true
	}
	return prepare(nodeProfile, s)
}

// Domain prepares a domain by Nameprep, in the same way.
func Domain(s string) (prepared string, ok bool) {
	if isPlain(s) {
		return s, true
	}
	return prepare(nameProfile, s)
}

// isPlain reports quickly whether a part is its own prepared form. Nearly all are.
func isPlain(s string) bool {
	for i := range len(s) {
		b := s[i]
		if !('a' <= b && b <= 'z' || '0' <= b && b <= '9' || b == '.' || b == '-' || b == '_') {
			return false
		}
	}
	return s != "" && len(s) <= maxBytes
}

func prepare(profile stringprep.Profile, s string) (string, bool) {
	if len(s) > maxBytes || !utf8.ValidString(s) || hasUnassigned(s) {
		return "", false
	}
	prepared, err := profile.Prepare(s)
	if err != nil || prepared == "" || len(prepared) > maxBytes || hasUnassigned(prepared) {
		return "", false
	}
	return prepared, true
}

// hasUnassigned reports whether a text contains an unassigned character (RFC 3454 table
// A.1). ejabberd refuses those.
func hasUnassigned(s string) bool { return strings.ContainsFunc(s, IsUnassigned) }

// IsUnassigned reports whether Unicode 3.2 does not have a character.
func IsUnassigned(r rune) bool { return stringprep.TableA1.Contains(r) }

var (
	// nameProfile is Nameprep (RFC 3491 §3 to §6).
	nameProfile = stringprep.Profile{
		Mappings:  []stringprep.Mapping{peculiarities, stringprep.TableB1, stringprep.TableB2},
		Normalize: true,
		Prohibits: []stringprep.Set{
			stringprep.TableC1_2, stringprep.TableC2_2, stringprep.TableC3, stringprep.TableC4, stringprep.TableC5,
			stringprep.TableC6, stringprep.TableC7, stringprep.TableC8, stringprep.TableC9,
		},
		CheckBiDi: true,
	}
	// nodeProfile is Nodeprep (RFC 3920 §A.3 to §A.6).
	nodeProfile = stringprep.Profile{
		Mappings:  nameProfile.Mappings,
		Normalize: true,
		Prohibits: append([]stringprep.Set{stringprep.TableC1_1, stringprep.TableC2_1, separators}, nameProfile.Prohibits...),
		CheckBiDi: true,
	}
	// separators have a meaning in a JID or in XML (RFC 3920 §A.5).
	separators = stringprep.Set{{'"', '"'}, {'&', '\''}, {'/', '/'}, {':', ':'}, {'<', '<'}, {'>', '>'}, {'@', '@'}}
)

// peculiarities are the characters that ejabberd maps differently from the library's
// tables and the current normalization. The first is missing in the library's table B.1,
// the second in ejabberd's B.2. The others differ because Unicode 3.2 is older than its
// Corrigendum 4.
var peculiarities = stringprep.Mapping{
	0x1806:  nil,
	0x33C6:  []rune("C∕kg"),
	0x2F868: {0x2136A}, 0x2F874: {0x5F33}, 0x2F91F: {0x43AB}, 0x2F95F: {0x7AAE}, 0x2F9BF: {0x4D57},
}
