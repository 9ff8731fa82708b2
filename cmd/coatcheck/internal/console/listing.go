package console

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"coatcheck.dev/bound"
	"coatcheck.dev/cmd/coatcheck/internal/api"
	"coatcheck.dev/cmd/coatcheck/internal/index"
	"coatcheck.dev/devices"
	"coatcheck.dev/internal/visible"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

const perPage = 50

// A listing is one page of sessions.
type listing struct {
	User     string // whose sessions, as it is shown; empty for everybody's or if more is asked for
	Form     searchForm
	Heads    []heading
	Order    string // in words
	Searched bool   // more is asked for than a user
	Rows     []row
	Total    count  // sessions in all, or that were found
	Users    count  // different users on this page
	Visitors count  // sessions on this page of visitors who have not signed in
	Here     string // this page
	Newer    string // the first page, if this is another
	Older    string // the next page, if there is one
	EndFound string // asks whether to end all that was found, if that can be done
	EndUser  string // asks whether to end all of the user's sessions, if there are any
	Notice   string // what has just happened
	Doubt    string // up to when this is true, if not now
	Building string // how far the index is, if it is needed and not there
	Wrong    bool   // the search cannot be read
	Failed   bool   // there is nothing to show: the store does not answer, or the index is being built
}

// A row is one session.
type row struct {
	Handle   string
	User     string // as it is shown
	UserURL  string
	Started  displayTime
	Seen     displayTime
	Until    string // its latest end
	Ends     string // the same in words, if it is earlier than the site's limits make it
	Address  string
	Browser  string // in a few words
	Agent    string // the User-Agent header in full
	Remember bool
	Bound    string // by what key it is bound to its device, and since when, if it is
}

func newRow(i session.Info, o session.Options, now time.Time) row {
	return row{
		Handle: i.Handle.String(), User: visible.Text(i.User), UserURL: listingURL(i.User, store.Cursor{}),
		Started: newDisplayTime(i.CreatedAt, now), Seen: newDisplayTime(i.LastSeen, now),
		Until: newDisplayTime(i.ExpiresAt, now).Exact, Address: i.Device.Address, Remember: i.Remember,
		Agent:   visible.Text(i.Device.UserAgent),
		Browser: cmp.Or(visible.Text(i.Device.Label), devices.Name(i.Device.UserAgent), "unknown"),
		Ends:    deadline(i, o, now), Bound: binding(i, now),
	}
}

// binding says by what a session is bound to its device.
func binding(i session.Info, now time.Time) string {
	b, ok := bound.Of(i)
	if !ok {
		return ""
	}
	return "a key on the device, " + b.Key + ", since " + newDisplayTime(b.Since, now).Ago
}

// deadline says when a session ends that has a deadline of its own.
func deadline(i session.Info, o session.Options, now time.Time) string {
	lifetime := o.Lifetime
	if i.Remember {
		lifetime = o.RememberLifetime
	}
	if i.CreatedAt.Add(lifetime - time.Minute).Before(i.ExpiresAt) {
		return ""
	}
	return inHowLong(i.ExpiresAt, now)
}

// unknownField returns a name in the address of a list that no search has, the first by the alphabet; "" if there is
// none. Without what it was meant for, the list would have more sessions.
func unknownField(given url.Values) string {
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if name != "after" && !slices.Contains(index.Names(), name) {
			return name
		}
	}
	return ""
}

func (c *Console) showSessions(w http.ResponseWriter, r *http.Request) {
	given := r.URL.Query()
	if name := unknownField(given); name != "" {
		c.malformed(w, r, fmt.Sprintf("A search has no field %.40q: the address of this page is misspelt.", name))
		return
	}
	after := given.Get("after")
	q, err := index.Parse(given)
	var wrong *index.FieldError
	if errors.As(err, &wrong) && wrong.Field == "user" {
		c.malformed(w, r, damagedAddress)
		return
	}
	l := listing{Form: newSearchForm(given, q, wrong), Here: searchURL(q, after), Heads: plainHeadings}
	l.Order, l.Searched = inWords(q.Sort), q != (index.Query{User: q.User, Sort: q.Sort})
	if !l.Searched {
		l.User = visible.Text(q.User)
	} else if c.opts.Endings != nil {
		l.EndFound = "/end-found" + strings.TrimPrefix(searchURL(q, ""), "/")
	}
	status := http.StatusOK
	if wrong != nil {
		status, l.Wrong = http.StatusBadRequest, true
	} else if err = c.list(r, q, after, &l); err != nil {
		c.malformed(w, r, damagedAddress)
		return
	}
	if l.Failed {
		status = http.StatusServiceUnavailable
	}
	if !passive(r) {
		l.Notice = c.takeNotice(r)
	}
	title := "Live sessions"
	switch {
	case l.Searched:
		title = "Sessions found"
	case q.User != "":
		title = "Sessions of " + l.User
	}
	c.show(w, r, status, "sessions", title, l)
}

// list fills a listing from the index or, where there is none yet, from the store. An error means that there is no such
// place in the list.
func (c *Console) list(r *http.Request, q index.Query, after string, l *listing) error {
	from, err := api.ParseCursor(after)
	byStore := err == nil && after != "" // a page of the store's listing goes on there
	if c.opts.Index != nil && !byStore {
		page, total, err := c.search(r, q, after)
		if !errors.Is(err, index.ErrNotReady) {
			return l.take(c, q, after, page, total, err)
		}
		l.Building = buildingNow(c.opts.Index.Status())
	} else if err != nil {
		return err
	}
	if l.Searched || q.Sort != (index.Sort{}) || err != nil {
		l.Failed = true
		return nil
	}
	c.browse(r, q.User, from, l)
	return nil
}

func (c *Console) search(r *http.Request, q index.Query, after string) (index.Page, int, error) {
	page, err := c.opts.Index.Select(r.Context(), q, after, perPage)
	if err != nil {
		return page, 0, err
	}
	total, err := c.opts.Index.Count(r.Context(), q)
	return page, total, err
}

// take shows what the index has found.
func (l *listing) take(c *Console, q index.Query, after string, page index.Page, total int, err error) error {
	switch {
	case errors.Is(err, index.ErrCursor):
		return err
	case err != nil:
		c.log.Error("search", "error", err)
		l.Failed = true
		return nil
	}
	l.Heads, l.Total = headings(q), count(total)
	l.Doubt = doubts(c.opts.Index.Status(), page.Fresh, time.Now())
	if page.Next != "" {
		l.Older = searchURL(q, page.Next)
	}
	if after != "" {
		l.Newer = searchURL(q, "")
	}
	l.fill(c, q.User, page.Sessions)
	return nil
}

// browse asks the store, for one session more than a page holds, to know whether there is another page.
func (c *Console) browse(r *http.Request, user string, after store.Cursor, l *listing) {
	infos, next, err := c.opts.Sessions.Browse(r.Context(), store.Query{User: user, After: after, Limit: perPage + 1})
	if err == nil {
		var total int
		total, err = c.opts.Sessions.Count(r.Context(), user)
		l.Total = count(total)
	}
	if err != nil {
		l.Failed = true
		return
	}
	if len(infos) > perPage {
		infos = infos[:perPage]
		last := infos[perPage-1]
		next = store.Cursor{CreatedAt: last.CreatedAt, ID: last.Handle}
	}
	if next != (store.Cursor{}) {
		l.Older = listingURL(user, next)
	}
	if after != (store.Cursor{}) {
		l.Newer = listingURL(user, store.Cursor{})
	}
	l.fill(c, user, infos)
}

func (l *listing) fill(c *Console, user string, infos []session.Info) {
	if user != "" && !l.Searched && l.Total > 0 {
		l.EndUser = endUserURL(user)
	}
	now, users := time.Now(), make(map[string]bool)
	for _, i := range infos {
		l.Rows = append(l.Rows, newRow(i, c.opts.Sessions.Options(), now))
		if i.User == "" {
			l.Visitors++
		} else {
			users[i.User] = true
		}
	}
	l.Users = count(len(users))
}

func (c *Console) takeNotice(r *http.Request) string {
	s := c.operators.From(r.Context())
	line, ok := notice.Lookup(s)
	if ok {
		if err := notice.Delete(s); err != nil {
			c.log.Warn("drop notice", "error", err)
		}
	}
	return line
}
