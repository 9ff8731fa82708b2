package console

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/explain"
	"coatcheck.dev/internal/visible"
)

// An explanation is the page that says what a pasted cookie is worth. The text itself is never shown again.
type explanation struct {
	Problem  string // why nothing could be explained
	Cookies  []explained
	Browsers string // what they make of Set-Cookie lines
}

// An explained cookie is one of the text.
type explained struct {
	Name, Kind, Worth, Means string
	Row                      *row // its session; nil if there is none
	Handle                   string
	Ended                    string // when, by whom and why, if that is known
}

func (c *Console) askForCookie(w http.ResponseWriter, r *http.Request) {
	c.show(w, r, http.StatusOK, "explain", "Explain a cookie", explanation{})
}

func (c *Console) explainCookie(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		c.malformed(w, r, "The form could not be read. A cookie has 4096 bytes at most.")
		return
	}
	has := c.opts.Sessions.Options()
	report, err := explain.Read(r.Context(), strings.NewReader(r.PostForm.Get("cookie")), explain.Options{
		Ticket: c.opts.Sessions.Explain, Session: c.opts.Sessions.Lookup, End: c.opts.History.End,
		Cookies: []string{has.Cookie}, URL: &url.URL{Scheme: "https", Host: "site.example", Path: "/"},
	})
	switch {
	case explain.Refused(err):
		c.show(w, r, http.StatusUnprocessableEntity, "explain", "Explain a cookie",
			explanation{Problem: upper(err.Error())})
		return
	case err != nil:
		c.storeFailed(w, r)
		return
	}
	page, now := explanation{Browsers: report.Browsers()}, time.Now()
	for _, found := range report.Cookies {
		e := explained{Name: visible.Text(found.Name), Kind: found.Kind(), Worth: found.Worth, Means: found.Means}
		if s := found.Session; s != nil {
			e.Handle = s.Handle.String()
			if !s.CreatedAt.IsZero() {
				shown := newRow(*s, has, now)
				e.Row = &shown
			}
		}
		if found.End != nil {
			e.Ended = newDisplayTime(found.End.At, now).Ago + ": " + found.End.HowEnded()
		}
		page.Cookies = append(page.Cookies, e)
	}
	c.show(w, r, http.StatusOK, "explain", "Explain a cookie", page)
}

// upper makes a sentence of an error.
func upper(text string) string { return strings.ToUpper(text[:1]) + text[1:] + "." }
