package chat

import (
	"time"

	"golang.org/x/time/rate"
)

// What one asker gets. The package comment says what follows from it.
const (
	burst    = 30 // messages in a row
	interval = 2 * time.Second
	daily    = 1000
	// How long is not answered who asks for more.
	shortSilence = time.Minute
	longSilence  = time.Hour

	budget   = 20 // between two commands
	costTalk = 4  // of an answer to what is no command
	costHelp = 1
	// forgiven is after what silence somebody is answered again who has spent
	// all of it.
	forgiven = time.Hour
)

// pace is how many messages of an asker are read.
type pace struct {
	now, day *rate.Limiter
	silent   time.Time // until then
}

func newPace() pace {
	return pace{
		now: rate.NewLimiter(rate.Every(interval), burst),
		day: rate.NewLimiter(rate.Every(24*time.Hour/daily), daily),
	}
}

// admit says whether the next message is to be read. Where it is not, silence
// is how long none will be, for the first of them.
func (p *pace) admit() (ok bool, silence time.Duration) {
	now := time.Now()
	if now.Before(p.silent) {
		return false, 0
	}
	switch {
	case !p.now.AllowN(now, 1):
		silence = shortSilence
	case !p.day.AllowN(now, 1):
		silence = longSilence
	default:
		return true, 0
	}
	p.silent = now.Add(silence)
	return false, silence
}

// talk is how much was answered since the last command.
type talk struct {
	spent int
	heard time.Time // the asker, the last time
}

// hear notes that the asker has said something.
func (t *talk) hear() {
	now := time.Now()
	if t.spent >= budget && now.Sub(t.heard) >= forgiven {
		t.spent = 0
	}
	t.heard = now
}

// spend says whether an answer may be sent, and whether it is the last for the
// time being. That to a command costs nothing.
func (t *talk) spend(cost int) (ok, last bool) {
	if cost == 0 {
		t.spent = 0
		return true, false
	}
	if t.spent >= budget {
		return false, false
	}
	t.spent += cost
	return true, t.spent >= budget
}
