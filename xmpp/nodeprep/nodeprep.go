// Package nodeprep prepares the local parts and domains of JIDs as XMPP servers
// do: by the profiles Nodeprep and Nameprep of stringprep (RFC 3920 appendix A,
// RFC 3491), over Unicode 3.2. It gives what ejabberd's own library gives, with
// its peculiarities, and was compared with it over all of Unicode.
//
// One difference is left: three or more combining marks in a row, which ejabberd
// does not always sort.
package nodeprep

import (
	"strings"
	"unicode/utf8"

	"github.com/xdg-go/stringprep"
)

// maxBytes is how long a part may be, before and after (RFC 7622 §3.1).
const maxBytes = 1023

// Node prepares a local part. ok is false where a server refuses it: it is
// empty, too long, or holds what no local part may hold.
func Node(s string) (prepared string, ok bool) {
	if isPlain(s) {
		return s, true
	}
	return prepare(node, s)
}

// Name prepares a domain, in the same way.
func Name(s string) (prepared string, ok bool) {
	if isPlain(s) {
		return s, true
	}
	return prepare(name, s)
}

// isPlain says whether a part is its own prepared form, as nearly all are.
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

// hasUnassigned says whether a text has such a character (RFC 3454 table A.1).
// ejabberd refuses those.
func hasUnassigned(s string) bool { return strings.ContainsFunc(s, IsUnassigned) }

// IsUnassigned says whether a character is one that Unicode 3.2 does not have.
func IsUnassigned(r rune) bool { return stringprep.TableA1.Contains(r) }

// name is Nameprep (RFC 3491 §3 to §6), node is Nodeprep (RFC 3920 §A.3 to §A.6).
var (
	name = stringprep.Profile{
		Mappings:  []stringprep.Mapping{peculiarities, stringprep.TableB1, stringprep.TableB2},
		Normalize: true,
		Prohibits: []stringprep.Set{
			stringprep.TableC1_2, stringprep.TableC2_2, stringprep.TableC3, stringprep.TableC4, stringprep.TableC5,
			stringprep.TableC6, stringprep.TableC7, stringprep.TableC8, stringprep.TableC9,
		},
		CheckBiDi: true,
	}
	node = stringprep.Profile{
		Mappings:  name.Mappings,
		Normalize: true,
		Prohibits: append([]stringprep.Set{stringprep.TableC1_1, stringprep.TableC2_1, separators}, name.Prohibits...),
		CheckBiDi: true,
	}
	// separators have a meaning in a JID or in XML (RFC 3920 §A.5).
	separators = stringprep.Set{{'"', '"'}, {'&', '\''}, {'/', '/'}, {':', ':'}, {'<', '<'}, {'>', '>'}, {'@', '@'}}
)

// peculiarities are mapped otherwise by ejabberd than by the tables of the
// library and today's normalisation: the first is missing in the library's table
// B.1, the second in ejabberd's B.2, and Unicode 3.2 is older than its Corrigendum
// 4.
var peculiarities = stringprep.Mapping{
	0x1806:  nil,
	0x33C6:  []rune("C∕kg"),
	0x2F868: {0x2136A}, 0x2F874: {0x5F33}, 0x2F91F: {0x43AB}, 0x2F95F: {0x7AAE}, 0x2F9BF: {0x4D57},
}
