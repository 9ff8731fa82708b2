package api

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/appkey"
	"coatcheck.dev/cmd/coatcheck/internal/history"
	"coatcheck.dev/cmd/coatcheck/internal/span"
	"coatcheck.dev/cmd/coatcheck/internal/webhook"
)

// A messenger has the handlers of the outbox, from which other systems hear of events.
type messenger struct {
	outbox func() *webhook.Outbox // nil while nobody is to hear of anything
	past   historian              // is told what callers do
}

// A pushReceiver is one receiver as the API shows it.
type pushReceiver struct {
	Name      string    `json:"name"`
	URL       string    `json:"url"`
	Kinds     []string  `json:"kinds,omitempty"`
	Signals   bool      `json:"signals,omitempty"`
	Off       time.Time `json:"off,omitzero"`
	Failing   time.Time `json:"failing,omitzero"`
	Waiting   int       `json:"waiting"`
	Oldest    time.Time `json:"oldest,omitzero"`
	Dead      int       `json:"dead"`
	Delivered int64     `json:"delivered"`
	Dropped   int64     `json:"dropped"`
	Answer    string    `json:"answer,omitempty"`
	Answered  time.Time `json:"answered,omitzero"`
}

// A deadPush is a message that could not be delivered.
type deadPush struct {
	Receiver string    `json:"receiver"`
	Number   int64     `json:"number"`
	ID       string    `json:"id"`
	Type     string    `json:"type"`
	Subject  string    `json:"subject"`
	At       time.Time `json:"at"`
	Tries    int       `json:"tries"`
	Answer   string    `json:"answer,omitempty"`
}

var noReceiver = fail(http.StatusNotFound, "not_found", "there is no receiver of this name")

// outboxDown says that nothing is known of the outbox.
var outboxDown = fail(http.StatusServiceUnavailable, "unavailable", "the outbox cannot be read or written just now")

// routes are the operations by their paths.
func (m messenger) routes() map[string]methods {
	const get, post = http.MethodGet, http.MethodPost
	return map[string]methods{
		"/v1/webhooks":                   {get: {appkey.Admin, withoutQuery(m.receivers)}},
		"/v1/webhooks/dead":              {get: {appkey.Admin, m.dead}},
		"/v1/webhooks/{receiver}/replay": {post: {appkey.Admin, m.replay}},
		"/v1/webhooks/{receiver}/resume": {post: {appkey.Admin, m.resume}},
		"/v1/webhooks/{receiver}/retry":  {post: {appkey.Admin, m.retry}},
		"/v1/webhooks/{receiver}/drop":   {post: {appkey.Admin, m.drop}},
	}
}

// receivers says how all receivers stand.
func (m messenger) receivers(w http.ResponseWriter, r *http.Request) {
	all := []pushReceiver{}
	if outbox := m.outbox(); outbox != nil {
		statuses, err := outbox.Statuses(r.Context())
		if err != nil {
			outboxDown.write(w)
			return
		}
		for _, s := range statuses {
			all = append(all, pushReceiver{
				s.Name, s.URL, s.Kinds, s.Signals, s.Off.UTC(), s.Failing.UTC(), s.Waiting, s.Oldest.UTC(), s.Dead,
				s.Delivered, s.Dropped, s.Answer, s.Answered.UTC(),
			})
		}
	}
	answer(w, http.StatusOK, struct {
		Receivers []pushReceiver `json:"receivers"`
	}{all})
}

// dead lists the oldest messages of each receiver, or of one, that could not be delivered.
func (m messenger) dead(w http.ResponseWriter, r *http.Request) {
	receiver, limit, err := parseDead(r.URL.RawQuery)
	if err != nil {
		badRequest(err.Error()).write(w)
		return
	}
	all := []deadPush{}
	if outbox := m.outbox(); outbox != nil {
		found, err := outbox.Dead(r.Context(), limit)
		if err != nil {
			outboxDown.write(w)
			return
		}
		for _, d := range found {
			if receiver == "" || receiver == d.Receiver {
				all = append(all, deadPush{
					d.Receiver, d.Number, d.ID, d.Type, d.Subject, d.At.UTC(), d.Tries, d.Answer,
				})
			}
		}
	}
	answer(w, http.StatusOK, struct {
		Dead []deadPush `json:"dead"`
	}{all})
}

func parseDead(raw string) (receiver string, limit int, err error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return "", 0, errors.New("the query is malformed")
	}
	for name, given := range values {
		if name != "receiver" && name != "limit" || len(given) > 1 {
			return "", 0, fmt.Errorf("the parameters here are receiver and limit, once each: not %.40q", name)
		}
	}
	limit, err = parseLimit(values.Get("limit"))
	return values.Get("receiver"), limit, err
}

// replay has a receiver be sent what happened since a time, once more.
func (m messenger) replay(w http.ResponseWriter, r *http.Request) {
	var order struct {
		Since string `json:"since"`
	}
	if _, ok := readBody(w, r, maxBody, &order); !ok {
		return
	}
	since, ok := span.Parse(order.Since)
	if !ok {
		badRequest("since: " + span.Want).write(w)
		return
	}
	m.order(w, r, "replay", func(outbox *webhook.Outbox, receiver string) (int, error) {
		return outbox.Replay(r.Context(), receiver, since.Ago(time.Now()))
	})
}

// resume switches a receiver on again.
func (m messenger) resume(w http.ResponseWriter, r *http.Request) {
	if _, ok := readBody(w, r, maxBody, &struct{}{}); !ok {
		return
	}
	m.order(w, r, "resume", func(outbox *webhook.Outbox, receiver string) (int, error) {
		return 0, outbox.Resume(r.Context(), receiver)
	})
}

// retry tries dead messages again.
func (m messenger) retry(w http.ResponseWriter, r *http.Request) {
	if number, ok := whichDead(w, r); ok {
		m.order(w, r, "retry", func(outbox *webhook.Outbox, receiver string) (int, error) {
			return outbox.Retry(r.Context(), receiver, number)
		})
	}
}

// drop gives dead messages up.
func (m messenger) drop(w http.ResponseWriter, r *http.Request) {
	if number, ok := whichDead(w, r); ok {
		m.order(w, r, "drop", func(outbox *webhook.Outbox, receiver string) (int, error) {
			return outbox.Drop(r.Context(), receiver, number)
		})
	}
}

// whichDead reads which message is meant, 0 for all. A false return means that the request was answered.
func whichDead(w http.ResponseWriter, r *http.Request) (number int64, ok bool) {
	var order struct {
		Number int64 `json:"number"`
		All    bool  `json:"all"`
	}
	if _, ok := readBody(w, r, maxBody, &order); !ok {
		return 0, false
	}
	if order.Number < 0 || (order.Number > 0) == order.All {
		badRequest("say which message: its number, or all as true").write(w)
		return 0, false
	}
	return order.Number, true
}

// order does something with the outbox, and answers how many messages that concerns.
func (m messenger) order(
	w http.ResponseWriter, r *http.Request, what string, do func(*webhook.Outbox, string) (int, error),
) {
	outbox, receiver := m.outbox(), r.PathValue("receiver")
	n, err := 0, webhook.ErrNoReceiver
	if outbox != nil {
		n, err = do(outbox, receiver)
	}
	switch {
	case errors.Is(err, webhook.ErrNoReceiver):
		noReceiver.write(w)
		return
	case err != nil:
		outboxDown.write(w)
		return
	}
	m.past.history.Note(m.past.act(r, history.OperatorActed, fmt.Sprintf("webhooks: %s for %s, %d messages", what,
		receiver, n)))
	answer(w, http.StatusOK, struct {
		Messages int `json:"messages"`
	}{n})
}
