package devices

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"coatcheck.dev/csrf"
	"coatcheck.dev/internal/secureheader"
	"coatcheck.dev/internal/visible"
)

// A Page is the content of one page: the list, or the question before signing out everywhere else.
type Page struct {
	User    string   // who is signed in, with control and format characters escaped
	Devices []Device // of this page; at most 50
	Others  int      // devices beside this one, on all pages
	Ask     bool     // whether to ask if all others are to be signed out, instead of showing the list
	Notice  string   // a sentence about the last action, or ""
	Path    string   // where forms post to: the list itself
	AskPath string   // leads to the question
	Style   string   // URL of the default style sheet
	Newer   string   // URLs of the neighbouring pages; empty where there is none
	Older   string

	// Field is csrf.Field: it belongs into each form. It is empty unless Options.Guard asks for tokens, and for
	// browsers that need none.
	Field template.HTML
}

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").
	Funcs(template.FuncMap{"ago": ago, "exact": exact, "machine": machine}).Parse(pageText))

// Content returns the body of the default page, in English, for a layout of the app's own. Its classes are current,
// here, notice, choice and danger.
func (p Page) Content() (template.HTML, error) {
	var text strings.Builder
	err := pageTemplate.ExecuteTemplate(&text, "content", p)
	return template.HTML(text.String()), err // our own template has escaped it
}

// writePage is the default of Options.Page.
func writePage(w io.Writer, _ *http.Request, p Page) error { return pageTemplate.Execute(w, p) }

// defaultPolicy allows the page's own style sheet and forms.
const defaultPolicy = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; " +
	"frame-ancestors 'none'"

// notices are shown after a redirect, by its parameter done. A link can choose one of them, but no other text.
var notices = map[string]string{
	"one":    "The device was signed out.",
	"others": "You are signed out everywhere else.",
	"gone":   "That device was signed out already.",
}

func (h *handler) show(w http.ResponseWriter, r *http.Request) {
	devices, err := h.list(r)
	if err != nil {
		h.unavailable(w, r)
		return
	}
	w.Header().Add("Vary", "Accept")
	if wantsJSON(r) {
		writeJSON(w, http.StatusOK, map[string][]Device{"devices": devices})
		return
	}
	query := r.URL.Query()
	p := Page{
		User:   visible.Text(h.sessions.From(r.Context()).User()),
		Others: len(devices) - 1, Ask: query.Get("ask") == "others",
		Notice: notices[query.Get("done")], Path: h.opts.Path, AskPath: h.opts.Path + "?ask=others",
		Style: h.opts.Path + styleURL, Field: csrf.Field(r),
	}
	var n, last int
	p.Devices, n, last = slice(devices, query.Get("page"))
	if n > 1 {
		p.Newer = h.opts.Path + "?page=" + strconv.Itoa(n-1)
	}
	if n < last {
		p.Older = h.opts.Path + "?page=" + strconv.Itoa(n+1)
	}
	h.write(w, r, p)
}

// write makes the whole page before its first byte goes out, so a failure is never half a page.
func (h *handler) write(w http.ResponseWriter, r *http.Request, p Page) {
	var text bytes.Buffer
	if err := h.opts.Page(&text, r, p); err != nil {
		h.opts.Log.Error("devices: make page", "error", err)
		h.fail(w, r, http.StatusInternalServerError, "This page could not be made.")
		return
	}
	header := w.Header()
	if has := header["Content-Security-Policy"]; !strings.Contains(strings.Join(has, ","), h.policy) {
		header.Add("Content-Security-Policy", h.policy) // beside another policy, both hold
	}
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Cache-Control", "private, no-store")
	secureheader.Page(header)
	_, _ = text.WriteTo(w) // only the connection can fail
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "private, no-store")
	w.WriteHeader(status)
	text, _ := json.Marshal(value) // the values are our own
	_, _ = w.Write(append(visible.JSON(text), '\n'))
}

func ago(t time.Time) string { return agoAt(t, time.Now()) }

// agoAt returns the age of t, as coarsely as people say it. The near future is now, because clocks differ a little.
func agoAt(t, now time.Time) string {
	switch d := now.Sub(t); {
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return count(int(d.Minutes()), "minute")
	case d < 24*time.Hour:
		return count(int(d.Hours()), "hour")
	case d < 30*24*time.Hour:
		return count(int(d.Hours()/24), "day")
	}
	return "on " + t.UTC().Format("2 January 2006")
}

func count(n int, unit string) string {
	if n != 1 {
		unit += "s"
	}
	return fmt.Sprintf("%d %s ago", n, unit)
}

func exact(t time.Time) string   { return t.UTC().Format("2 January 2006, 15:04 UTC") }
func machine(t time.Time) string { return t.UTC().Format(time.RFC3339) }
