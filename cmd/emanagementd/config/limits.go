package config

import (
	"fmt"

	"emanagement/cmd/internal/configfile"
	"emanagement/component"
	"emanagement/verb"
)

// Limits bound what others can make the component hold.
type Limits struct {
	Arguments verb.Limits
	Form      int // a request, message or presence to the component, in bytes
	Stanza    int // an answer of the server, in bytes
}

// checkLimits returns the limits, with the default of each that is left out. If there is an
// error, key is the wrong key below limits.
func checkLimits(f configfile.Limits) (l Limits, key string, err error) {
	l = Limits{verb.DefaultLimits(), component.DefaultMaxRequest, component.DefaultMaxAnswer}
	for _, limit := range []struct {
		key       string
		given     *int
		value     *int
		low, high int
	}{
		{"nick", f.Nick, &l.Arguments.Nick, 1, 1 << 20},
		{"group", f.Group, &l.Arguments.Group, 1, 1 << 20},
		{"groups", f.Groups, &l.Arguments.Groups, 1, 10_000},
		{"form", f.Form, &l.Form, 10_000, 64 << 20}, // the least lets every verb be run
		{"stanza", f.Stanza, &l.Stanza, 1 << 20, 1 << 30},
	} {
		if limit.given == nil {
			continue
		}
		if *limit.given < limit.low || *limit.given > limit.high {
			return l, limit.key, fmt.Errorf("%d is not a number from %d to %d", *limit.given, limit.low, limit.high)
		}
		*limit.value = *limit.given
	}
	return l, "", nil
}
