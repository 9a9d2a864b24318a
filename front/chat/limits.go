package chat

import (
	"time"

	"golang.org/x/time/rate"
)

// The limits of one requester. The package comment explains them.
const (
	burst    = 30 // messages in a row
	interval = 2 * time.Second
	daily    = 1000
	// A pause of this length ends the silence after too many messages: in a row, or in a
	// day.
	shortPause = time.Minute
	longPause  = time.Hour

	// The number of answers between two commands: to messages that are not commands, and
	// to requests for help.
	maxOther = 5
	maxHelp  = 20
	// firstReset is the pause that restores that budget the first time.
	firstReset = time.Hour
)

// messageRate limits how many messages of a requester are read.
type messageRate struct {
	short, daily *rate.Limiter
	pause        time.Duration // during a silence: the pause that ends it, else 0
	last         time.Time     // when the requester last sent a message
}

func newMessageRate() messageRate {
	return messageRate{
		short: rate.NewLimiter(rate.Every(interval), burst),
		daily: rate.NewLimiter(rate.Every(24*time.Hour/daily), daily),
	}
}

// admit reports whether the next message is read. For the first message that is not, pause is
// how long the requester must send nothing to be read again. For later ones it is 0.
func (r *messageRate) admit() (ok bool, pause time.Duration) {
	now := time.Now()
	paused := now.Sub(r.last)
	r.last = now
	if paused < r.pause {
		return false, 0
	}
	r.pause = 0
	if !r.short.AllowN(now, 1) {
		r.pause = shortPause
	} else if !r.daily.AllowN(now, 1) {
		r.pause = longPause
	}
	return r.pause == 0, r.pause
}

// replyKind is the kind of message that an answer belongs to.
type replyKind int

const (
	commandReply replyKind = iota
	helpReply
	otherReply // to a message that is not a command
)

// replyBudget limits how many answers a requester gets between two commands.
type replyBudget struct {
	other, help int           // answers since the last command
	reset       time.Duration // the pause that restores an exhausted budget
	last        time.Time     // when the requester last sent a message
}

// noteMessage notes a message of the requester. A long pause before it restores the budget.
func (b *replyBudget) noteMessage() {
	now := time.Now()
	if b.exhausted(otherReply) && now.Sub(b.last) >= b.reset {
		b.other, b.help = 0, 0
	}
	b.last = now
}

// exhausted reports whether answers of that kind are exhausted. If those to requests for help
// are, the others are too.
func (b *replyBudget) exhausted(k replyKind) bool {
	return k != commandReply && b.help >= maxHelp || k == otherReply && b.other >= maxOther
}

// spend reports whether an answer may be sent, and counts it. If it is the last one of its
// kind, reset is the pause that restores the budget. Otherwise reset is 0.
func (b *replyBudget) spend(k replyKind) (ok bool, reset time.Duration) {
	if b.exhausted(k) {
		return false, 0
	}
	switch k {
	case commandReply:
		*b = replyBudget{last: b.last}
	case helpReply:
		b.help++
	case otherReply:
		b.other++
	}
	if !b.exhausted(k) {
		return true, 0
	}
	b.reset = max(firstReset, 2*b.reset)
	return true, b.reset
}
