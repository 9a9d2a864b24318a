package verb

import "slices"

// Verbs returns the whole table. Each family of verbs has a file of its own.
func Verbs() []*Verb {
	return slices.Concat(rosterVerbs(), hostVerbs(), presenceVerbs(), messageVerbs(), roomVerbs(), jobVerbs())
}

// Parameters of several families.
var (
	domainParam  = Param{Name: "domain", Label: "Host, or all", Kind: Domain, Required: true}
	confirmParam = Param{Name: "confirm", Label: "Confirm: the host again, or all", Kind: Confirm, Extra: true}
)
