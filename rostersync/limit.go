package rostersync

import "fmt"

// hold says which removals of a plan are not made, and why.
func (s *Summary) hold(o Options) {
	removals := s.Remove + s.Renamed
	switch {
	case removals == 0:
	case o.AdditionsOnly:
		s.Held, s.HeldWhy = removals, "the run only adds and changes"
	case s.Incomplete != "":
		s.Held, s.HeldWhy = removals, "removals need a complete input: "+s.Incomplete
	default:
		s.limit(o)
	}
}

// limit refuses the removals if there are more than the limits allow.
func (s *Summary) limit(o Options) {
	l := o.Limits
	share := float64(s.Remove) / float64(max(1, s.Managed))
	tooMany := s.Remove > l.Removals || s.Managed >= MinItems && share > l.Share
	if tooMany && s.Remove != o.AllowRemovals {
		s.Refused = fmt.Sprintf("%s are %.1f %% of the %s managed items, and the limit is %d and %g %%",
			counted(s.Remove, "removal"), share*100, number(s.Managed), l.Removals, l.Share*100)
		s.Flag = fmt.Sprintf("--allow-removals %d", s.Remove)
	}
	if s.Emptied > l.Emptied && s.Emptied != o.AllowEmptied {
		text := fmt.Sprintf("%s would lose all their items, and the limit is %d", counted(s.Emptied, "user"), l.Emptied)
		flag := fmt.Sprintf("--allow-emptied %d", s.Emptied)
		if s.Refused != "" {
			text, flag = s.Refused+"; "+text, s.Flag+" "+flag
		}
		s.Refused, s.Flag = text, flag
	}
	if s.Refused != "" {
		s.Held, s.HeldWhy = s.Remove+s.Renamed, "a limit is exceeded: "+s.Refused
	}
}
