package shop

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"

	"coatcheck.dev/cmd/coatcheck/internal/plainhttp"
	"coatcheck.dev/csrf"
	"coatcheck.dev/internal/visible"
	"coatcheck.dev/session"
)

//go:embed assets templates/*.html
var files embed.FS

var templates = template.Must(template.ParseFS(files, "templates/*.html"))

// A layout is what every template gets.
type layout struct {
	Title      string
	User       string
	Theme      string // "light", "dark", or "" for what the system prefers
	InCart     int
	Ask        bool   // whether the visitor has not been asked about recently viewed goods yet
	Here       string // for forms that lead back
	ConsoleURL string
	Field      template.HTML // for every form
	Warning    string        // about cookies over plain HTTP
	Body       any
}

// layout returns what the layout shows of a visitor.
func (s *shop) layout(r *http.Request, title string, body any) layout {
	visitor := session.From(r.Context())
	return layout{
		Title: title, User: visible.Text(visitor.User()), Theme: s.themeOf(r), InCart: len(Cart.Get(visitor)),
		Ask: !s.kept.consent.Answered(r), Here: r.URL.RequestURI(), ConsoleURL: s.opts.ConsoleURL,
		Field: csrf.Field(r), Warning: s.warning(r), Body: body,
	}
}

// warning says what is wrong with the cookies of a visitor's browser, if anything.
func (s *shop) warning(r *http.Request) string {
	switch {
	case s.sessions.Options().InsecureCookie:
		return plainhttp.Development
	case session.From(r.Context()).CookieProblem() != nil:
		return plainhttp.Refused
	}
	return ""
}

// show answers with a page. It makes all of it before the first byte goes out, so that a failure is not half a page.
func (s *shop) show(w http.ResponseWriter, r *http.Request, status int, name, title string, body any) {
	p := s.layout(r, title, body)
	if r.Method != http.MethodGet || status != http.StatusOK {
		p.Here = "/"
	}
	var text bytes.Buffer
	if err := templates.ExecuteTemplate(&text, name, p); err != nil {
		s.opts.Log.Error("shop: make page", "page", name, "error", err)
		http.Error(w, "This page could not be made.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = text.WriteTo(w) // what fails is the connection
}

// say answers with a page of one sentence.
func (s *shop) say(w http.ResponseWriter, r *http.Request, status int, title, text string) {
	s.show(w, r, status, "message", title, text)
}
