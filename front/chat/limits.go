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
	// What pause ends the silence that meets who asks for more.
	shortSilence = time.Minute
	longSilence  = time.Hour

	// Between two commands, as many times is answered what is no command, and
	// help.
	chatter = 5
	helps   = 20
	// forgiven is after what pause somebody is answered again who has spent
	// all of it, the first time.
	forgiven = time.Hour
)

// pace is how many messages of an asker are read.
type pace struct {
	now, day *rate.Limiter
	silence  time.Duration // while it lasts: what pause ends it
	heard    time.Time     // the asker, the last time
}

func newPace() pace {
	return pace{
		now: rate.NewLimiter(rate.Every(interval), burst),
		day: rate.NewLimiter(rate.Every(24*time.Hour/daily), daily),
	}
}

// admit says whether the next message is to be read. silence is, for the first
// that is not, what pause it takes to be read again.
func (p *pace) admit() (ok bool, silence time.Duration) {
	now := time.Now()
	paused := now.Sub(p.heard)
	p.heard = now
	if paused < p.silence {
		return false, 0
	}
	p.silence = 0
	if !p.now.AllowN(now, 1) {
		p.silence = shortSilence
	} else if !p.day.AllowN(now, 1) {
		p.silence = longSilence
	}
	return p.silence == 0, p.silence
}

// kind is what an answer is one to.
type kind int

const (
	toCommand kind = iota
	toHelp
	toChatter // to what is no command
)

// talk is how much was answered since the last command.
type talk struct {
	chatter, helps int
	pause          time.Duration // that brings it back, once all of one is spent
	heard          time.Time     // the asker, the last time
}

// hear notes that the asker has said something.
func (t *talk) hear() {
	now := time.Now()
	if t.silent(toChatter) && now.Sub(t.heard) >= t.pause {
		t.chatter, t.helps = 0, 0
	}
	t.heard = now
}

// silent says whether nothing of that kind is answered any more. Who has had
// enough help gets no other answer either.
func (t *talk) silent(k kind) bool {
	return k != toCommand && t.helps >= helps || k == toChatter && t.chatter >= chatter
}

// spend says whether an answer may be sent, and, where it is the last of its
// kind for the time being, what pause brings the next.
func (t *talk) spend(k kind) (ok bool, pause time.Duration) {
	if t.silent(k) {
		return false, 0
	}
	switch k {
	case toCommand:
		*t = talk{heard: t.heard}
	case toHelp:
		t.helps++
	case toChatter:
		t.chatter++
	}
	if !t.silent(k) {
		return true, 0
	}
	t.pause = max(forgiven, 2*t.pause)
	return true, t.pause
}
