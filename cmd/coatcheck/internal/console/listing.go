package console

import (
	"cmp"
	"net/http"
	"time"

	"coatcheck.dev/bound"
	"coatcheck.dev/cmd/coatcheck/internal/api"
	"coatcheck.dev/devices"
	"coatcheck.dev/internal/visible"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

const perPage = 50

// A listing is one page of sessions.
type listing struct {
	User     string // whose sessions, as it is shown; empty for everybody's
	Find     string // in the field of the search: the user, unless the name cannot be typed
	Rows     []row
	Total    count  // sessions in all, or of the user
	Users    count  // different users on this page
	Visitors count  // sessions on this page of visitors who have not signed in
	Here     string // this page
	Newer    string // the first page, if this is another
	Older    string // the next page, if there is one
	EndUser  string // asks whether to end all of the user's sessions, if there are any
	Notice   string // what has just happened
	Failed   bool   // the store did not answer
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

func (c *Console) showSessions(w http.ResponseWriter, r *http.Request) {
	user := r.FormValue("user")
	after, err := api.ParseCursor(r.FormValue("after"))
	if err != nil || len(user) > session.MaxUserLen {
		c.malformed(w, r, "The address of this page is damaged.")
		return
	}
	l, status := c.listing(r, user, after), http.StatusOK
	if l.Failed {
		status = http.StatusServiceUnavailable
	}
	if !passive(r) {
		l.Notice = c.takeNotice(r)
	}
	title := "Live sessions"
	if user != "" {
		title = "Sessions of " + visible.Text(user)
	}
	c.show(w, r, status, "sessions", title, l)
}

// listing asks for one session more than a page holds, to know whether there is another page.
func (c *Console) listing(r *http.Request, user string, after store.Cursor) listing {
	l := listing{User: visible.Text(user), Here: listingURL(user, after)}
	if visible.Plain(user) {
		l.Find = user
	}
	infos, next, err := c.opts.Sessions.Browse(r.Context(), store.Query{User: user, After: after, Limit: perPage + 1})
	if err == nil {
		var total int
		total, err = c.opts.Sessions.Count(r.Context(), user)
		l.Total = count(total)
	}
	if err != nil {
		l.Failed = true
		return l
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
	if user != "" && l.Total > 0 {
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
	return l
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
