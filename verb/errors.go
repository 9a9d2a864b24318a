package verb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"mellium.im/xmpp/stanza"

	"emanagement/component"
	"emanagement/fault"
	"emanagement/room"
	"emanagement/rosterpush"
	"emanagement/verb/suggest"
)

// ErrNoSuchVerb is for a name that the table does not have.
var ErrNoSuchVerb = errors.New("no such verb")

// UnknownVerbError is ErrNoSuchVerb with the verb that may have been meant.
type UnknownVerbError struct {
	Name  string
	Meant string // empty where none is like it
}

func (e *UnknownVerbError) Error() string { return ErrNoSuchVerb.Error() + e.Hint() }

// Unwrap returns ErrNoSuchVerb.
func (e *UnknownVerbError) Unwrap() error { return ErrNoSuchVerb }

// Hint asks whether the other verb was meant; it is empty where there is none.
func (e *UnknownVerbError) Hint() string {
	if e.Meant == "" {
		return ""
	}
	return "; did you mean " + e.Meant + "?"
}

// unknownVerb names the verb of a list that is most like one that there is not.
func unknownVerb(name string, verbs []*Verb) *UnknownVerbError {
	var names []string
	for _, v := range verbs {
		names = append(names, v.Name)
	}
	name = name[:min(len(name), maxName)]
	return &UnknownVerbError{Name: name, Meant: suggest.Word(name, names)}
}

// FindVerb finds a verb of the table, whichever case its name is in. The error is
// an *UnknownVerbError.
func FindVerb(name string) (*Verb, error) {
	verbs := Verbs()
	if i := slices.IndexFunc(verbs, func(v *Verb) bool { return strings.EqualFold(v.Name, name) }); i >= 0 {
		return verbs[i], nil
	}
	return nil, unknownVerb(name, verbs)
}

// ForbiddenError refuses an asker. Why may be shown.
type ForbiddenError struct{ Why string }

func (e *ForbiddenError) Error() string { return e.Why }

// ConfirmError asks for confirmation. Nothing was done.
type ConfirmError struct {
	What string // would be done
	Word string // the argument confirm must say
}

func (e *ConfirmError) Error() string {
	return fmt.Sprintf("%s; to do it, type %s in the field confirm", e.What, e.Word)
}

// Complaint names a bad argument as people are asked for it, and as programs
// know it.
func (v *Verb) Complaint(bad *ArgError) string {
	for _, p := range v.Params {
		if p.Name == bad.Param {
			return p.Label + " (" + p.Name + "): " + bad.Why
		}
	}
	return bad.Error()
}

// FailedError is a verb that could not be carried out, or not to its end.
// Text is what the asker may know; Err is for the log.
type FailedError struct {
	Text      string
	Temporary bool // it may work when asked again
	Away      bool // the server did not answer, or could not be reached
	Err       error
}

func (e *FailedError) Error() string {
	if strings.Contains(e.Text, e.Err.Error()) {
		return e.Text
	}
	return e.Text + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *FailedError) Unwrap() error { return e.Err }

// outcome turns what a verb returned into what an asker is told.
func (v *Verb) outcome(c *call, r Result, err error) (Result, error) {
	if err == nil {
		return r, nil
	}
	if isWorded(err) {
		return r, err
	}
	if e, ok := errors.AsType[*rosterpush.ClearError](err); ok {
		return r, &FailedError{Text: v.explainClear(e), Temporary: true, Away: isAway(e.Err), Err: err}
	}
	if e, ok := errors.AsType[*rosterpush.ChangeError](err); ok {
		if foreign, ok := errors.AsType[*rosterpush.ForeignContactError](e.Err); ok && e.Undone() {
			return refused("%s", foreign.Error()), nil
		}
		return r, &FailedError{Text: fmt.Sprintf("%s (%s)", v.explain(e.Err), e.Stands()), Temporary: isAway(e.Err), Away: isAway(e.Err), Err: err}
	}
	if e, ok := errors.AsType[*rosterpush.BusyError](err); ok {
		return r, &FailedError{Text: e.Error(), Temporary: true, Err: err}
	}
	if e, ok := errors.AsType[*rosterpush.InvalidError](err); ok {
		return r, &ArgError{e.Field, quoted(e.Value) + " " + e.Why}
	}
	if e, ok := errors.AsType[*fault.NotServedError](err); ok {
		if e.Host == "" || e.Away {
			return r, &FailedError{Text: e.Error(), Temporary: !v.Once, Away: true, Err: err}
		}
		if param, ok := v.namedHost(c, e.Host); ok {
			if c.Miss != nil {
				c.Miss(e.Host)
			}
			return r, &ArgError{param, e.Error()}
		}
	}
	if e, ok := errors.AsType[*rosterpush.ForeignContactError](err); ok {
		return refused("%s", e.Error()), nil
	}
	if e, ok := errors.AsType[*room.NoServiceError](err); ok {
		return refused("%s", e.Error()), nil
	}
	passing := isAway(err)
	return r, &FailedError{Text: v.explain(err), Temporary: passing && !v.Once, Away: passing, Err: err}
}

// isAway says whether the server did not answer, or could not be reached.
func isAway(err error) bool {
	return errors.Is(err, fault.ErrNoAnswer) || errors.Is(err, fault.ErrUnreachable)
}

// isWorded says whether a verb has said itself what an asker is told.
func isWorded(err error) bool {
	_, arg := errors.AsType[*ArgError](err)
	_, failed := errors.AsType[*FailedError](err)
	return arg || failed
}

// namedHost returns the parameter whose argument named a host.
func (v *Verb) namedHost(c *call, host string) (param string, ok bool) {
	for _, p := range v.Params {
		if p.Kind != Contact && c.jid(p.Name).Domainpart() == host || (p.Kind == Domain || p.Kind == Host) && c.str(p.Name) == host {
			return p.Name, true
		}
	}
	return "", false
}

// explain says why a verb failed in words that an asker may read.
func (v *Verb) explain(err error) string { return explain(err, v.Once) }

// explain says why something failed in words that an asker may read. once
// says that it should not be repeated where its outcome is unknown.
func explain(err error, once bool) string {
	if e, ok := errors.AsType[*room.UncertainError](err); ok {
		return fmt.Sprintf("%s (%s)", explain(fault.ErrNoAnswer, once), e.Now())
	}
	if e, ok := errors.AsType[*rosterpush.SourceError](err); ok {
		return fmt.Sprintf("the %s cannot be read or written (the log of the component says why), and without it somebody might be missed", e.Source)
	}
	if e, ok := errors.AsType[*rosterpush.NobodyError](err); ok {
		return explainNobody(e)
	}
	if e, ok := errors.AsType[*rosterpush.ItemsError](err); ok {
		return strings.Join(named(e.Failed, once), "; ")
	}
	if isUnshown(err) {
		return err.Error() + " (addBuddyToRoster, removeBuddyFromRoster)"
	}
	if errors.Is(err, rosterpush.ErrSharedItem) {
		return rosterpush.ErrSharedItem.Error()
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "it took too long and was given up; another verb may be busy with the same user (listJobs)"
	}
	if e, ok := errors.AsType[*fault.NotPermittedError](err); ok {
		return e.Error()
	}
	if e, ok := errors.AsType[*fault.NotServedError](err); ok {
		return e.Error()
	}
	if e, ok := errors.AsType[*rosterpush.ForeignContactError](err); ok {
		return e.Error()
	}
	if e, ok := errors.AsType[*rosterpush.RefusedError](err); ok {
		return e.Error()
	}
	if errors.Is(err, fault.ErrNoAnswer) {
		if once {
			return "the server did not answer; whether it did what was asked is unknown"
		}
		return "the server did not answer; whether it did what was asked is unknown, and asking again does no harm"
	}
	if errors.Is(err, fault.ErrUnreachable) {
		return "the server's API cannot be reached; the log of the component says why"
	}
	if e, ok := errors.AsType[stanza.Error](err); ok {
		return "the server refuses: " + said(e)
	}
	if e, ok := errors.AsType[*component.SizeError](err); ok {
		return e.Error()
	}
	return "something went wrong here; the log of the component says what"
}

// said is a stanza error's condition, with the server's own words where there are
// any.
func said(e stanza.Error) string {
	for _, text := range e.Text {
		if text != "" {
			return fmt.Sprintf("%s (%s)", e.Condition, oneLine(text))
		}
	}
	return string(e.Condition)
}
