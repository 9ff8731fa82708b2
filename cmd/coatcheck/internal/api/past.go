package api

import (
	"context"
	"io"
	"net/http"
	"net/netip"

	"coatcheck.dev/cmd/coatcheck/internal/history"
	"coatcheck.dev/event"
)

// historian has the handlers of the history.
type historian struct {
	history *history.History
	proxies []netip.Prefix // in front, who say from where a caller comes
	forget  func(ctx context.Context, user string) error
}

// find answers with a page of what has happened.
func (p historian) find(w http.ResponseWriter, r *http.Request) {
	q, err := history.ParseQuery(r.URL.RawQuery)
	if err != nil {
		badRequest(err.Error()).write(w)
		return
	}
	found, next, err := p.history.Find(r.Context(), q)
	if err != nil {
		unavailable.write(w)
		return
	}
	answer(w, http.StatusOK, struct {
		Entries []history.Entry `json:"entries"`
		Next    string          `json:"next,omitempty"`
	}{append([]history.Entry{}, found...), next.String()})
}

func (p historian) exportCSV(w http.ResponseWriter, r *http.Request) {
	p.export(w, r, "text/csv; charset=utf-8", p.history.WriteCSV)
}

func (p historian) exportJSON(w http.ResponseWriter, r *http.Request) {
	p.export(w, r, "application/json", p.history.WriteJSON)
}

// export sends all that a query finds, as it is read. One that breaks off ends the connection, because half an export
// must not look like one.
func (p historian) export(
	w http.ResponseWriter, r *http.Request, kind string, write func(context.Context, io.Writer, history.Query) error,
) {
	q, err := history.ParseQuery(r.URL.RawQuery)
	if err != nil {
		badRequest(err.Error()).write(w)
		return
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if err := write(r.Context(), w, q); err != nil {
		panic(http.ErrAbortHandler)
	}
	p.history.Note(p.act(r, history.OperatorActed, "exported the history"))
}

// erase removes the entries of one user.
func (p historian) erase(w http.ResponseWriter, r *http.Request) {
	q, err := history.ParseQuery(r.URL.RawQuery)
	if err == nil && (q.User == "" || q != history.Query{User: q.User}) {
		err = badRequest("the only parameter here is user, whose entries are to be removed")
	}
	if err != nil {
		badRequest(err.Error()).write(w)
		return
	}
	if err := p.forget(r.Context(), q.User); err != nil {
		unavailable.write(w)
		return
	}
	n, err := p.history.Erase(r.Context(), q.User, p.act(r, history.Erased, ""))
	if err != nil {
		unavailable.write(w)
		return
	}
	answer(w, http.StatusOK, struct {
		Erased int `json:"erased"`
	}{n})
}

// act is what the caller of a request does.
func (p historian) act(r *http.Request, kind history.Kind, reason string) history.Entry {
	return history.Entry{
		Kind: kind, Actor: callerOf(r.Context()).name, Address: event.ClientAddress(r, p.proxies), Reason: reason,
	}
}
