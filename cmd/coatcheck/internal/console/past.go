package console

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/history"
	"coatcheck.dev/internal/visible"
	"coatcheck.dev/store"
)

// A past is a page of the history.
type past struct {
	Query   history.Query
	Kinds   []history.Kind
	Problem string // what is wrong with the query
	Kept    bool   // whether there is a history
	Rows    []happening
	All     string // the query without its page, for the exports
	Newer   string // the first page, if this is another
	Older   string // the next page, if there is one
	Erase   string // asks whether to erase the user's, if there is one
	Notice  string // what has just happened
}

// A happening is one entry of the history.
type happening struct {
	At      displayTime
	Kind    history.Kind
	Bad     bool   // whether it ends or endangers a session
	Handle  string // of the session
	Was     string // the handle before
	User    string
	UserURL string // the history of the user
	Who     string // the operator
	WhoURL  string
	Address string
	Why     string // the reason, and what else the kind says
}

// Is reports whether a kind is the one that is looked for, for the form.
func (p past) Is(k history.Kind) bool { return p.Query.Kind == k }

// User is whom to look for, unless the name cannot be typed.
func (p past) User() string {
	if !visible.Plain(p.Query.User) {
		return ""
	}
	return p.Query.User
}

// Handle is that of the query as the form has it.
func (p past) Handle() string {
	if p.Query.Handle.IsZero() {
		return ""
	}
	return p.Query.Handle.String()
}

func newHappening(e history.Entry, now time.Time) happening {
	h := happening{
		At: newDisplayTime(e.At, now), Kind: e.Kind, Bad: e.Bad(), User: visible.Text(e.User),
		UserURL: pastURL(history.Query{User: e.User}), Who: visible.Text(e.Actor),
		WhoURL: pastURL(history.Query{Actor: e.Actor}), Address: visible.Text(e.Address), Why: visible.Text(e.Reason),
	}
	if !e.Handle.IsZero() {
		h.Handle = e.Handle.String()
	}
	if !e.Was.IsZero() {
		h.Was = e.Was.String()
	}
	if more := e.Says(); more != "" {
		h.Why = strings.TrimPrefix(h.Why+"; "+visible.Text(more), "; ")
	}
	return h
}

func pastURL(q history.Query) string {
	if text := q.String(); text != "" {
		return "/history?" + text
	}
	return "/history"
}

// showHistory shows what has happened, newest first.
func (c *Console) showHistory(w http.ResponseWriter, r *http.Request) {
	p := past{Kinds: history.Kinds(), Kept: c.opts.History != nil}
	q, err := history.ParseQuery(r.URL.RawQuery)
	p.Query = q
	if err != nil {
		p.Problem = upper(err.Error())
		c.show(w, r, http.StatusBadRequest, "history", "History", p)
		return
	}
	found, next, err := c.opts.History.Find(r.Context(), q)
	if err != nil {
		c.historyFailed(w, r, err)
		return
	}
	now := time.Now()
	for _, e := range found {
		p.Rows = append(p.Rows, newHappening(e, now))
	}
	first := q
	first.After = history.Cursor{}
	if q.After != (history.Cursor{}) {
		p.Newer = pastURL(first)
	}
	if next != (history.Cursor{}) {
		q.After = next
		p.Older = pastURL(q)
	}
	first.Limit = 0
	if p.All = first.String(); p.All != "" {
		p.All = "?" + p.All
	}
	if q.User != "" {
		p.Erase = eraseURL(q.User)
	}
	p.Notice = c.takeNotice(r)
	c.show(w, r, http.StatusOK, "history", "History", p)
}

func (c *Console) historyFailed(w http.ResponseWriter, r *http.Request, err error) {
	c.log.Error("read the history", "error", err)
	c.say(w, r, http.StatusServiceUnavailable, message{"The history does not answer",
		"Sessions are not concerned. Please try again in a moment.", "/", "Go to the sessions"})
}

// exportCSV and exportJSON send all that a query finds, as it is read.
func (c *Console) exportCSV(w http.ResponseWriter, r *http.Request) {
	c.export(w, r, "text/csv; charset=utf-8", "history.csv", c.opts.History.WriteCSV)
}

func (c *Console) exportJSON(w http.ResponseWriter, r *http.Request) {
	c.export(w, r, "application/json", "history.json", c.opts.History.WriteJSON)
}

func (c *Console) export(
	w http.ResponseWriter, r *http.Request, kind, name string,
	write func(context.Context, io.Writer, history.Query) error,
) {
	q, err := history.ParseQuery(r.URL.RawQuery)
	if err != nil {
		c.malformed(w, r, upper(err.Error()))
		return
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	if err := write(r.Context(), w, q); err != nil {
		c.log.Error("export the history", "error", err)
		panic(http.ErrAbortHandler) // half an export must not look like one
	}
	c.opts.History.Note(history.Entry{
		Kind: history.OperatorActed, Actor: c.operatorName(r), Address: c.address(r), Reason: "exported the history",
	})
}

// An erasing asks whether to erase the history of a user.
type erasing struct {
	User    string // as it is shown
	Here    string // names the user, whatever bytes the name has
	Word    string // to be typed
	Back    string
	Problem string
}

const eraseWord = "erase"

func eraseURL(user string) string { return "/erase-history?user=" + url.QueryEscape(user) }

// askErase asks on a page of its own for a word, because what is erased does not come back.
func (c *Console) askErase(w http.ResponseWriter, r *http.Request) {
	c.askEraseAgain(w, r, http.StatusOK, "")
}

func (c *Console) askEraseAgain(w http.ResponseWriter, r *http.Request, status int, problem string) {
	user, ok := c.userOf(w, r)
	if !ok {
		return
	}
	c.show(w, r, status, "erase", "Erase the history of "+visible.Text(user), erasing{
		visible.Text(user), eraseURL(user), eraseWord, pastURL(history.Query{User: user}), problem,
	})
}

func (c *Console) eraseHistory(w http.ResponseWriter, r *http.Request) {
	user, ok := c.userOf(w, r)
	if !ok {
		return
	}
	if strings.TrimSpace(r.PostForm.Get("confirm")) != eraseWord {
		c.askEraseAgain(w, r, http.StatusUnprocessableEntity, "Nothing was erased: that was not the word.")
		return
	}
	by := history.Entry{Actor: c.operatorName(r), Address: c.address(r)}
	if err := c.opts.Forget(r.Context(), user); err != nil {
		c.historyFailed(w, r, err)
		return
	}
	n, err := c.opts.History.Erase(r.Context(), user, by)
	if err != nil {
		c.historyFailed(w, r, err)
		return
	}
	c.log.Warn("history_erased", "operator", by.Actor, "address", by.Address, "entries", n)
	c.leaveTo(w, r, "/history", fmt.Sprintf("%v entries of %s were erased.", count(n), visible.Text(user)))
}

// operatorName is who uses the console.
func (c *Console) operatorName(r *http.Request) string { return c.operators.From(r.Context()).User() }

// line returns what is known of a session, oldest first, and how it has ended if that is known. A history that fails
// keeps nobody from the rest of the page.
func (c *Console) line(r *http.Request, handle store.ID) (line []happening, ended string) {
	entries, err := c.opts.History.Line(r.Context(), handle)
	if err != nil && !errors.Is(err, context.Canceled) {
		c.log.Error("read the history", "error", err)
	}
	now := time.Now()
	for _, e := range entries {
		line = append(line, newHappening(e, now))
	}
	if e, ok, _ := c.opts.History.End(r.Context(), handle); ok {
		ended = upper(newDisplayTime(e.At, now).Ago + ": " + e.HowEnded())
	}
	return line, ended
}
