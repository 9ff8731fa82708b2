package console

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/history"
	"coatcheck.dev/cmd/coatcheck/internal/webhook"
	"coatcheck.dev/internal/visible"
)

// pushes is the page about who else hears of what happens.
type pushes struct {
	Receivers []receiverRow
	Notice    string
	Failed    bool // the outbox cannot be read
}

// A receiverRow is one receiver.
type receiverRow struct {
	Name      string
	URL       string
	Kinds     string
	Stub      string // its state, in a word
	State     string // and in a sentence
	Off       bool
	Waiting   count
	Oldest    *displayTime
	Delivered count
	Dropped   count
	Answer    string
	Answered  *displayTime
	DeadCount count
	Dead      []deadRow // the first of them
}

// A deadRow is a message that could not be delivered.
type deadRow struct {
	Number int64
	ID     string
	Type   string
	About  string
	At     displayTime
	Tries  int
	Answer string
}

// deadShown bounds the dead messages of a receiver on the page.
const deadShown = 50

func (c *Console) outbox() *webhook.Outbox {
	if c.opts.Webhooks == nil {
		return nil
	}
	return c.opts.Webhooks()
}

func (c *Console) showWebhooks(w http.ResponseWriter, r *http.Request) {
	p, status := pushes{Notice: c.takeNotice(r)}, http.StatusOK
	if outbox := c.outbox(); outbox != nil {
		var err error
		if p.Receivers, err = receivers(r, outbox, time.Now()); err != nil {
			c.log.Error("read the outbox", "error", err)
			p.Failed, status = true, http.StatusServiceUnavailable
		}
	}
	c.show(w, r, status, "webhooks", "Webhooks", p)
}

func receivers(r *http.Request, outbox *webhook.Outbox, now time.Time) (all []receiverRow, err error) {
	statuses, err := outbox.Statuses(r.Context())
	if err != nil {
		return nil, err
	}
	dead, err := outbox.Dead(r.Context(), deadShown)
	if err != nil {
		return nil, err
	}
	for i := range statuses {
		s := &statuses[i]
		row := newReceiverRow(s, now)
		for j := range dead {
			if d := &dead[j]; d.Receiver == s.Name {
				row.Dead = append(row.Dead, deadRow{
					d.Number, d.ID, d.Type, visible.Text(d.Subject), newDisplayTime(d.At, now), d.Tries, d.Answer,
				})
			}
		}
		all = append(all, row)
	}
	return all, nil
}

func newReceiverRow(s *webhook.Status, now time.Time) receiverRow {
	row := receiverRow{
		Name: s.Name, URL: s.URL, Kinds: strings.Join(s.Kinds, ", "), Stub: "On", Waiting: count(s.Waiting),
		Delivered: count(s.Delivered), Dropped: count(s.Dropped), Answer: visible.Text(s.Answer),
		State: "It takes what it is sent.", Off: !s.Off.IsZero(), Oldest: since(s.Oldest, now),
		Answered: since(s.Answered, now), DeadCount: count(s.Dead),
	}
	if row.Kinds == "" {
		row.Kinds = "everything"
	}
	if s.Signals {
		row.Kinds = "sessions that were revoked, as shared signals"
	}
	switch {
	case row.Off:
		row.Stub = "Off"
		row.State = "It answered 410 Gone and was switched off " + newDisplayTime(s.Off, now).Ago + "."
	case !s.Failing.IsZero():
		row.Stub = "Fails"
		row.State = "It fails since " + newDisplayTime(s.Failing, now).Exact + ". What it has to hear waits."
	case s.Answer == "":
		row.State = "It was sent nothing yet."
	case s.Answer[0] != '2':
		row.State = "It did not take what it was sent last."
	}
	return row
}

// since shows a time, unless there is none.
func since(t, now time.Time) *displayTime {
	if t.IsZero() {
		return nil
	}
	shown := newDisplayTime(t, now)
	return &shown
}

// decideDead tries dead messages again, or drops them: one, or all of a receiver.
func (c *Console) decideDead(w http.ResponseWriter, r *http.Request) {
	c.instruct(w, r, func(outbox *webhook.Outbox, receiver string) (string, error) {
		var number int64
		if text := r.PostForm.Get("number"); text != "all" {
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil || n <= 0 {
				return "", errForm
			}
			number = n
		}
		switch r.PostForm.Get("do") {
		case "retry":
			n, err := outbox.Retry(r.Context(), receiver, number)
			return messages(n, receiver) + " tried again.", err
		case "drop":
			n, err := outbox.Drop(r.Context(), receiver, number)
			return messages(n, receiver) + " dropped.", err
		}
		return "", errForm
	})
}

// messages says how many are, in words that a verb can follow.
func messages(n int, receiver string) string {
	if n == 1 {
		return "1 message of " + receiver + " was"
	}
	return fmt.Sprintf("%v messages of %s were", count(n), receiver)
}

// maxReplay is how far back messages are kept.
const maxReplay = 7 * 24

func (c *Console) replayWebhooks(w http.ResponseWriter, r *http.Request) {
	c.instruct(w, r, func(outbox *webhook.Outbox, receiver string) (string, error) {
		hours, err := strconv.Atoi(r.PostForm.Get("hours"))
		if err != nil || hours < 1 || hours > maxReplay {
			return "", errForm
		}
		n, err := outbox.Replay(r.Context(), receiver, time.Now().Add(-time.Duration(hours)*time.Hour))
		return messages(n, receiver) + " put into the outbox again.", err
	})
}

func (c *Console) resumeWebhooks(w http.ResponseWriter, r *http.Request) {
	c.instruct(w, r, func(outbox *webhook.Outbox, receiver string) (string, error) {
		return receiver + " is switched on.", outbox.Resume(r.Context(), receiver)
	})
}

var errForm = errors.New("the form does not say what to do")

// instruct does what a form of the page asks for, and goes back there.
func (c *Console) instruct(
	w http.ResponseWriter, r *http.Request, do func(outbox *webhook.Outbox, receiver string) (string, error),
) {
	outbox := c.outbox()
	if err := r.ParseForm(); err != nil || outbox == nil {
		c.malformed(w, r, "The form could not be read.")
		return
	}
	line, err := do(outbox, r.PostForm.Get("receiver"))
	switch {
	case errors.Is(err, errForm), errors.Is(err, webhook.ErrNoReceiver):
		c.malformed(w, r, upper(err.Error()))
		return
	case err != nil:
		c.log.Error("change the outbox", "error", err)
		c.say(w, r, http.StatusServiceUnavailable, message{"The outbox cannot be changed",
			"The log says why. Please try again in a moment.", "/webhooks", "Go back"})
		return
	}
	c.log.Warn("an operator has changed the outbox", "what", line,
		"operator", visible.Text(c.operators.From(r.Context()).User()))
	c.opts.History.Note(history.Entry{
		Kind: history.OperatorActed, Actor: c.operatorName(r), Address: c.address(r), Reason: "webhooks: " + line,
	})
	c.leave(w, r, line)
}
