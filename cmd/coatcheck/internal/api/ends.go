package api

import (
	"errors"
	"net/http"
	"net/netip"
	"net/url"

	"coatcheck.dev/cmd/coatcheck/internal/ending"
	"coatcheck.dev/cmd/coatcheck/internal/index"
	"coatcheck.dev/event"
)

// ender has the handlers of what ends many sessions.
type ender struct {
	jobs    *ending.Jobs
	proxies []netip.Prefix // in front, who say from where a caller comes
}

// A shownEnd is a job as the API shows it.
type shownEnd struct {
	ending.Job
	Confirm string `json:"confirm,omitempty"` // what starts it
}

func newShownEnd(j ending.Job) shownEnd {
	e := shownEnd{Job: j}
	if j.State == ending.Asked {
		e.Confirm = j.Word()
	}
	return e
}

func (e ender) caller(r *http.Request) ending.Operator {
	return ending.Operator{Name: callerOf(r.Context()).name, Address: event.ClientAddress(r, e.proxies)}
}

// ask finds out which sessions a query means. Nothing ends by that.
func (e ender) ask(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Query map[string]string `json:"query"`
	}
	if _, ok := readBody(w, r, maxBody, &asked); !ok {
		return
	}
	if len(asked.Query) == 0 {
		badRequest("query says which sessions; to end everybody's there is DELETE /v1/sessions").write(w)
		return
	}
	values := url.Values{}
	for name, text := range asked.Query {
		if !isField(name) {
			badRequest("there is no such field in a query: " + clipped(name)).write(w)
			return
		}
		if index.Blank(name, text) {
			badRequest(name + " is empty; without it more sessions would end").write(w)
			return
		}
		values.Set(name, text)
	}
	q, err := index.Parse(values)
	if err == nil && q.All() {
		err = errors.New("query is empty; to end everybody's sessions there is DELETE /v1/sessions")
	}
	if err != nil {
		badRequest(err.Error()).write(w)
		return
	}
	j, err := e.jobs.Ask(r.Context(), q, e.caller(r))
	if err != nil {
		unavailable.write(w)
		return
	}
	answer(w, http.StatusOK, newShownEnd(j))
}

func isField(name string) bool {
	for _, field := range index.Names() {
		if field == name && name != "sort" {
			return true
		}
	}
	return false
}

func clipped(s string) string { return s[:min(len(s), 40)] }

// start ends what was found.
func (e ender) start(w http.ResponseWriter, r *http.Request) {
	var order struct {
		Reason  string `json:"reason"`
		Confirm string `json:"confirm"`
		Newer   bool   `json:"newer"`
	}
	if _, ok := readBody(w, r, maxBody, &order); !ok {
		return
	}
	j, err := e.jobs.Start(r.PathValue("id"), e.caller(r), ending.Order{
		Reason: order.Reason, Word: order.Confirm, Newer: order.Newer,
	})
	var wrong *ending.OrderError
	switch {
	case errors.As(err, &wrong):
		badRequest(err.Error()).write(w)
	case errors.Is(err, ending.ErrNoJob):
		noEnd.write(w)
	case err != nil:
		unavailable.write(w)
	default:
		answer(w, http.StatusAccepted, newShownEnd(j))
	}
}

// show says how far a job is, or what came of it.
func (e ender) show(w http.ResponseWriter, r *http.Request) {
	j, ok, err := e.jobs.Find(r.PathValue("id"))
	switch {
	case err != nil:
		unavailable.write(w)
	case !ok:
		noEnd.write(w)
	default:
		answer(w, http.StatusOK, newShownEnd(j))
	}
}

// cancel stops a job. What has ended stays ended.
func (e ender) cancel(w http.ResponseWriter, r *http.Request) {
	if _, err := e.jobs.Cancel(r.PathValue("id"), e.caller(r)); err != nil {
		unavailable.write(w)
		return
	}
	e.show(w, r)
}
