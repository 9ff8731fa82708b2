package console

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"net/url"

	"coatcheck.dev/cmd/coatcheck/internal/api"
	"coatcheck.dev/cmd/coatcheck/internal/operator"
	"coatcheck.dev/cmd/coatcheck/internal/plainhttp"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

//go:embed assets templates/*.html
var files embed.FS

var templates = template.Must(template.ParseFS(files, "templates/*.html"))

// A page is what every template gets.
type page struct {
	Title    string
	What     string
	Operator *operator.Operator // who is signed in; nil if nobody is
	Places   []signpost         // the navigation
	Dense    bool               // rows are
	Warning  string             // about cookies over plain HTTP
	Body     any
}

// May reports whether whoever looks at the page may do something: what they may not is not on it. The server asks again
// when they do it.
func (p page) May(a operator.Action) bool { return p.Operator != nil && p.Operator.Role.May(a) }

// show writes a page. It makes all of it before the first byte goes out, so that a failure is not half a page.
func (c *Console) show(w http.ResponseWriter, r *http.Request, status int, name, title string, body any) {
	var buf bytes.Buffer
	p := page{Title: title, What: c.opts.What, Operator: c.Who(r), Warning: c.warning(r), Body: body}
	p.Places = placesFor(p.Operator, r)
	p.Dense = p.Operator != nil && denseRows.Get(c.operators.From(r.Context()))
	if err := templates.ExecuteTemplate(&buf, name, p); err != nil {
		c.log.Error("render page", "page", name, "error", err)
		http.Error(w, "This page could not be made. The log says why.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "5")
	}
	w.WriteHeader(status)
	_, _ = buf.WriteTo(w) // what fails is the connection
}

// warning says what is wrong with the cookies of a request's browser, if anything.
func (c *Console) warning(r *http.Request) string {
	switch {
	case c.opts.InsecureCookie:
		return plainhttp.Development
	case c.operators.From(r.Context()).CookieProblem() != nil:
		return plainhttp.Refused
	}
	return ""
}

// A message is a page that says one thing.
type message struct {
	Heading string
	Text    string
	Back    string // where the link leads
	Label   string // what it says; empty for no link
}

func (c *Console) say(w http.ResponseWriter, r *http.Request, status int, m message) {
	c.show(w, r, status, "message", m.Heading, m)
}

func (c *Console) notFound(w http.ResponseWriter, r *http.Request) {
	c.say(w, r, http.StatusNotFound, message{"Nothing hangs here", "There is no such page.", "/", "Go to the sessions"})
}

func (c *Console) crossOrigin(w http.ResponseWriter, r *http.Request) {
	c.say(w, r, http.StatusForbidden, message{"Refused",
		"Another site asked your browser to change something here. Nothing was changed.", "/", "Go to the sessions"})
}

// damagedAddress says that nobody has made this address here.
const damagedAddress = "The address of this page is damaged."

func (c *Console) malformed(w http.ResponseWriter, r *http.Request, what string) {
	c.say(w, r, http.StatusBadRequest, message{"That does not look right", what, "/", "Go to the sessions"})
}

// storeFailed says no more than is known. The log has the store's own words, as an event of the session manager.
func (c *Console) storeFailed(w http.ResponseWriter, r *http.Request) {
	c.say(w, r, http.StatusServiceUnavailable, message{"The store does not answer",
		"It is not known whether anything was changed. Please try again in a moment.", "/", "Go to the sessions"})
}

// notice is a line for the next page, shown once.
var notice = session.NewKey[string]("notice")

// leave goes back to the page with the form, and shows a line there.
func (c *Console) leave(w http.ResponseWriter, r *http.Request, line string) {
	if err := notice.Set(c.operators.From(r.Context()), line); err != nil {
		c.log.Warn("keep notice for the next page", "error", err) // the change has happened all the same
	}
	http.Redirect(w, r, session.ReturnTo(r, "/"), http.StatusSeeOther)
}

// leaveTo is leave for a page that the form did not come from.
func (c *Console) leaveTo(w http.ResponseWriter, r *http.Request, page, line string) {
	if err := notice.Set(c.operators.From(r.Context()), line); err != nil {
		c.log.Warn("keep notice for the next page", "error", err) // the change has happened all the same
	}
	http.Redirect(w, r, page, http.StatusSeeOther)
}

// listingURL is the URL of a listing.
func listingURL(user string, after store.Cursor) string {
	values := url.Values{}
	if user != "" {
		values.Set("user", user)
	}
	if text := api.FormatCursor(after); text != "" {
		values.Set("after", text)
	}
	if len(values) == 0 {
		return "/"
	}
	return "/?" + values.Encode()
}
