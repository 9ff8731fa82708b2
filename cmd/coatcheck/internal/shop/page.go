package shop

import (
	"bytes"
	"embed"
	"html/template"
	"io"
	"net/http"

	"coatcheck.dev/cmd/coatcheck/internal/plainhttp"
	"coatcheck.dev/csrf"
	"coatcheck.dev/internal/visible"
	"coatcheck.dev/session"
	"coatcheck.dev/state/banner"
	"golang.org/x/text/language"
)

//go:embed assets templates/*.html
var files embed.FS

// templates are the pages, by language. Texts are in English, and german.go has them in German.
var templates = map[language.Tag]*template.Template{
	language.English: parse(func(text string) string { return text }),
	language.German:  parse(inGerman),
}

func parse(translate func(string) string) *template.Template {
	return template.Must(template.New("").Funcs(template.FuncMap{"t": translate}).ParseFS(files, "templates/*.html"))
}

// template returns the pages in the visitor's language.
func (s *shop) template(r *http.Request) *template.Template {
	return templates[s.kept.language.Get(nowhere{}, r)]
}

// nowhere is where a header goes that another part of the response has.
type nowhere struct{}

func (nowhere) Header() http.Header         { return http.Header{} }
func (nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (nowhere) WriteHeader(int)             {}

// A layout is what every template gets.
type layout struct {
	Title      string
	User       string
	Language   string
	Theme      string // "light", "dark", or "" for what the system prefers
	InCart     int
	Ask        template.HTML // the banner, for visitors who have not answered
	Here       string        // for forms that lead back
	ConsoleURL string
	Field      template.HTML // for every form
	Warning    string        // about cookies over plain HTTP
	Body       any
}

// layout returns what the layout shows of a visitor.
func (s *shop) layout(w http.ResponseWriter, r *http.Request, title string, body any) layout {
	visitor := session.From(r.Context())
	l := layout{
		Title: title, User: visible.Text(visitor.User()), InCart: len(Cart.Get(visitor)),
		Language: s.kept.language.Get(w, r).String(), Here: r.URL.RequestURI(), ConsoleURL: s.opts.ConsoleURL,
		Field: csrf.Field(r), Warning: s.warning(r), Body: body,
	}
	// The style sheet follows the system by itself, also when that changes.
	if theme, chosen := s.kept.theme.Lookup(w, r); chosen {
		l.Theme = theme
	}
	var err error
	if l.Ask, err = s.banner.HTML(w, r); err != nil {
		s.opts.Log.Error("shop: make banner", "error", err)
	}
	return l
}

// newBanner asks for consent, in the shop's layout.
func (s *shop) newBanner(guard *csrf.Guard) *banner.Banner {
	words := map[language.Tag]banner.Words{language.English: banner.English(), language.German: banner.German()}
	return banner.New(s.kept.consent, banner.Options{
		Guard: guard, Log: s.opts.Log, PolicyURL: "/cookies",
		Words: func(w http.ResponseWriter, r *http.Request) banner.Words { return words[s.kept.language.Get(w, r)] },
		Page: func(w io.Writer, r *http.Request, p banner.Page) error {
			content, err := p.Content()
			if err != nil {
				return err
			}
			l := s.layout(nowhere{}, r, p.Words.PageTitle, content)
			l.Ask = "" // the page itself asks
			return s.template(r).ExecuteTemplate(w, "consent", l)
		},
	})
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
	p := s.layout(w, r, title, body)
	if r.Method != http.MethodGet || status != http.StatusOK {
		p.Here = "/"
	}
	var text bytes.Buffer
	if err := s.template(r).ExecuteTemplate(&text, name, p); err != nil {
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
