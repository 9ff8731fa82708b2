package console

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/api"
	"coatcheck.dev/cmd/coatcheck/internal/ending"
	"coatcheck.dev/cmd/coatcheck/internal/index"
	"coatcheck.dev/cmd/coatcheck/internal/span"
	"coatcheck.dev/internal/visible"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

// A mark is the page on which a not-before is set: first it asks for whom and up to when, then it says what would end.
type mark struct {
	User    string // as the field has it
	Whose   string // as it is shown; empty for everybody
	Before  string // as the field has it
	At      displayTime
	Here    string // names the user, whatever bytes the name has
	Ready   bool   // whether it is known for whom and up to when
	Count   count
	Counted bool
	Sample  []row
	Word    string // to be typed, if there is one
	Reason  string
	Problem string
}

// A markOrder is what the page was asked for.
type markOrder struct {
	user   string
	before time.Time
}

// orderOf reads for whom and up to when: a time in UTC, and now if it is empty.
func orderOf(r *http.Request, now time.Time) (o markOrder, err error) {
	given := r.URL.Query()
	if len(given["user"]) > 1 || len(given["before"]) > 1 {
		return o, errors.New("the address of this page says twice for whom or up to when")
	}
	o.user = given.Get("user")
	if len(o.user) > session.MaxUserLen {
		return o, errors.New("the name of the user is longer than there can be")
	}
	text := strings.TrimSpace(given.Get("before"))
	if text == "" {
		o.before = now
		return o, nil
	}
	edge, ok := span.Parse(text)
	if !ok {
		return o, errors.New(span.Want)
	}
	switch o.before = edge.Ago(now); {
	case o.before.After(now.Add(time.Minute)):
		return o, errors.New("the time is in the future: sessions that begin later cannot be ended now")
	}
	return o, nil
}

func (o markOrder) url() string {
	return "/not-before?" + url.Values{"user": {o.user}, "before": {o.before.UTC().Format(time.RFC3339Nano)}}.Encode()
}

func (o markOrder) query() index.Query {
	return index.Query{User: o.user, Created: index.Span{Before: span.At(o.before.Add(time.Microsecond))}}
}

// askNotBefore asks for whom and up to when, and says what would end.
func (c *Console) askNotBefore(w http.ResponseWriter, r *http.Request) {
	now := time.Now()
	o, err := orderOf(r, now)
	p := mark{Before: formTime(o.before)}
	if visible.Plain(o.user) {
		p.User = o.user
	}
	switch {
	case err != nil:
		p.Problem = upper(err.Error())
		c.show(w, r, http.StatusBadRequest, "not-before", "End what began before", p)
	case !r.URL.Query().Has("before"):
		c.show(w, r, http.StatusOK, "not-before", "End what began before", p)
	default:
		c.weigh(w, r, http.StatusOK, p, o)
	}
}

// formTime is a time as a field of a form has it, in UTC.
func formTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04")
}

// weigh says what a not-before would end.
func (c *Console) weigh(w http.ResponseWriter, r *http.Request, status int, p mark, o markOrder) {
	now := time.Now()
	p.Ready, p.Whose, p.At, p.Here = true, visible.Text(o.user), newDisplayTime(o.before, now), o.url()
	if c.opts.Index != nil {
		if n, err := c.opts.Index.Count(r.Context(), o.query()); err == nil {
			p.Count, p.Counted = count(n), true
			page, err := c.opts.Index.Select(r.Context(), o.query(), "", 20)
			if err == nil {
				for _, i := range page.Sessions {
					p.Sample = append(p.Sample, newRow(i, c.opts.Sessions.Options(), now))
				}
			}
		}
	}
	switch {
	case o.user == "":
		p.Word = api.Everybody
	case !p.Counted || p.Count > ending.TypedOver:
		p.Word = strconv.Itoa(int(p.Count))
		if !p.Counted {
			p.Word = "end"
		}
	}
	c.show(w, r, status, "not-before", "End what began before", p)
}

// isMany reports whether so much would end that a word has to be typed.
func (c *Console) isMany(r *http.Request, o markOrder) bool {
	if c.opts.Index == nil {
		return true
	}
	n, err := c.opts.Index.Count(r.Context(), o.query())
	return err != nil || n > ending.TypedOver
}

// setNotBefore ends what began at a moment or before.
func (c *Console) setNotBefore(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		c.malformed(w, r, "The form could not be read.")
		return
	}
	o, err := orderOf(r, time.Now())
	if err != nil || !r.URL.Query().Has("before") {
		c.malformed(w, r, "The form does not say up to when.")
		return
	}
	p := mark{Before: formTime(o.before), Reason: strings.TrimSpace(r.PostForm.Get("reason"))}
	word := strings.ReplaceAll(strings.TrimSpace(r.PostForm.Get("confirm")), ",", "")
	switch wanted := r.PostForm.Get("word"); {
	case p.Reason == "" || len(p.Reason) > ending.MaxReason:
		p.Problem = "Nothing has ended: give a reason in a few words."
	case o.user == "" && word != api.Everybody, word != wanted, wanted == "" && c.isMany(r, o):
		p.Problem = "Nothing has ended: that was not the word."
	}
	if p.Problem != "" {
		c.weigh(w, r, http.StatusUnprocessableEntity, p, o)
		return
	}
	ctx := session.WithActor(c.acting(r), c.operatorName(r), p.Reason)
	line := "What everybody had begun by then has ended."
	if o.user == "" {
		err = c.opts.Sessions.RevokeBefore(ctx, o.before.Round(0))
	} else {
		err = c.opts.Sessions.RevokeUserBefore(ctx, o.user, o.before.Round(0))
		line = "What " + visible.Text(o.user) + " had begun by then has ended."
	}
	if err != nil {
		c.storeFailed(w, r)
		return
	}
	c.leaveTo(w, r, listingURL(o.user, store.Cursor{}), line)
}
