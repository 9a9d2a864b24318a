package memory

import (
	"context"
	"slices"
	"sync"

	"emanagement/rosterpush"
)

// Journal keeps intents in memory. It implements rosterpush.Journal. The zero value is
// empty.
type Journal struct {
	mu      sync.Mutex
	number  int64
	intents []entry
	// Dead makes the journal ignore everything, as that of a killed process does.
	Dead bool
}

type entry struct {
	rosterpush.Intent
	over bool
}

// Begin implements rosterpush.Journal.
func (j *Journal) Begin(_ context.Context, i rosterpush.Intent) (number int64, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.number++
	i.Number = j.number
	if !j.Dead {
		j.intents = append(j.intents, entry{Intent: i})
	}
	return i.Number, nil
}

// End implements rosterpush.Journal.
func (j *Journal) End(number int64, stands []rosterpush.Change) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.Dead {
		return
	}
	i := slices.IndexFunc(j.intents, func(e entry) bool { return e.Number == number })
	if len(stands) == 0 {
		j.intents = slices.Delete(j.intents, i, i+1)
		return
	}
	j.intents[i].Changes, j.intents[i].over = stands, true
}

// Open implements rosterpush.Journal.
func (j *Journal) Open(context.Context) ([]rosterpush.Intent, error) { return j.list(false), nil }

// Kept implements rosterpush.Journal.
func (j *Journal) Kept(context.Context) ([]rosterpush.Intent, error) { return j.list(true), nil }

func (j *Journal) list(over bool) (intents []rosterpush.Intent) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, e := range j.intents {
		if e.over == over {
			intents = append(intents, e.Intent)
		}
	}
	return intents
}
