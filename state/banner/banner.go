package banner

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"log/slog"
	"net/http"
	"path"
	"slices"
	"strings"

	"coatcheck.dev/csrf"
	"coatcheck.dev/internal/secureheader"
	"coatcheck.dev/session"
	"coatcheck.dev/state"
)

// Options configure a [Banner]. The zero value is good.
type Options struct {
	// Path is the path of the handler, without http.StripPrefix. It begins and ends with a slash. The default is
	// "/consent/".
	Path string

	// Words returns the texts for a request, in its language. The default is [English] for all. It adds to Vary what it
	// depends on, as a preference does by itself.
	Words func(w http.ResponseWriter, r *http.Request) Words

	// PolicyURL is the page that says in full what is kept. The default is no link to one.
	PolicyURL string

	// Page writes the app's own page around Page.Content; the default page stands alone. Nothing is sent until Page
	// returns, so an error becomes a clean 500. The handler adds frame-ancestors 'none' to the Content-Security-Policy,
	// because another site could otherwise hide the buttons under something else (ASVS 3.4.6).
	Page func(w io.Writer, r *http.Request, p Page) error

	// Guard refuses requests from other sites, which could otherwise say yes for the visitor. The default is csrf.New
	// with zero Options.
	Guard *csrf.Guard

	// Log records the errors of Page. The default is slog.Default.
	Log *slog.Logger
}

// Check returns the error in the options, nil if there is none. [New] panics with it.
func (o Options) Check() error {
	p := o.Path
	switch {
	case p == "":
		return nil
	case !strings.HasPrefix(p, "/") || !strings.HasSuffix(p, "/") || strings.TrimSuffix(path.Clean(p), "/")+"/" != p:
		return fmt.Errorf("banner: Options.Path %q must begin and end with a slash, and be clean: \"/consent/\"", p)
	case strings.ContainsAny(p, "{}?#% "):
		return errors.New("banner: Options.Path has a character that means something in patterns or URLs")
	}
	return nil
}

// A Banner asks about one [state.Consent]. It is the handler of its page. Its methods are safe for concurrent use.
type Banner struct {
	consent *state.Consent
	opts    Options
	policy  string // the Content-Security-Policy
	mux     http.Handler
}

// New returns the banner and page of a consent. It panics on wrong options, because they are part of the program. If
// they come from elsewhere, use [Options.Check] first.
func New(consent *state.Consent, o Options) *Banner {
	err := o.Check()
	if consent == nil {
		err = errors.Join(errors.New("banner: New needs a consent: declare one with state.NewConsent"), err)
	}
	if err != nil {
		panic(err)
	}
	if o.Path == "" {
		o.Path = "/consent/"
	}
	if o.Words == nil {
		english := English()
		o.Words = func(http.ResponseWriter, *http.Request) Words { return english }
	}
	policy := "frame-ancestors 'none'"
	if o.Page == nil {
		policy = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; " + policy
		o.Page = func(w io.Writer, _ *http.Request, p Page) error {
			return templates.ExecuteTemplate(w, "page", p)
		}
	}
	if o.Guard == nil {
		o.Guard = csrf.New(csrf.Options{})
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	b := &Banner{consent: consent, opts: o, policy: policy}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+o.Path+"{$}", b.show)
	mux.HandleFunc("POST "+o.Path+"{$}", b.answer)
	mux.HandleFunc("GET "+o.Path+styleFile, serveStyle)
	b.mux = o.Guard.Handler(mux)
	return b
}

// ServeHTTP serves the page, its form and the style sheet.
func (b *Banner) ServeHTTP(w http.ResponseWriter, r *http.Request) { b.mux.ServeHTTP(w, r) }

// Style returns the URL of the style sheet.
func (b *Banner) Style() string { return b.opts.Path + styleFile }

// HTML returns the banner for a page, nothing for a visitor who need not be asked. It stands before the content of the
// page, so that the keyboard comes to it first. The page varies by Cookie and Sec-GPC, and HTML says so.
func (b *Banner) HTML(w http.ResponseWriter, r *http.Request) (template.HTML, error) {
	vary(w.Header())
	if b.consent.Answered(r) {
		return "", nil
	}
	here := "/"
	if r.Method == http.MethodGet {
		here = r.URL.RequestURI()
	}
	return render("banner", Page{Words: b.opts.Words(w, r), Path: b.opts.Path, PolicyURL: b.opts.PolicyURL,
		ReturnTo: here, Field: csrf.Field(r)})
}

// A Page is the content of the page.
type Page struct {
	Words     Words
	Path      string // where its form posts to
	Style     string // URL of the style sheet
	PolicyURL string
	ReturnTo  string        // the page that the visitor came from, or ""
	Field     template.HTML // csrf.Field
	Saved     bool          // whether the visitor has just answered
	GPC       bool          // whether the browser sends Sec-GPC: 1
	Purposes  []Purpose
}

// A Purpose is one reason for keeping something.
type Purpose struct {
	Purpose state.Purpose
	PurposeWords
	Asks   bool // whether it needs consent
	Agreed bool
	Kept   []Kept
}

// Kept is one thing that is kept.
type Kept struct{ Name, Description, Lifetime string }

// Content returns the body of the default page, for a layout of the app's own.
func (p Page) Content() (template.HTML, error) { return render("content", p) }

func (b *Banner) show(w http.ResponseWriter, r *http.Request) {
	p := Page{
		Words: b.opts.Words(w, r), Path: b.opts.Path, Style: b.Style(), PolicyURL: b.opts.PolicyURL,
		ReturnTo: session.ReturnTo(r, ""), Field: csrf.Field(r),
		Saved: r.URL.Query().Get("saved") == "1", GPC: state.GPC(r),
	}
	for _, purpose := range append([]state.Purpose{state.Essential, state.Preference}, b.consent.Purposes()...) {
		one := Purpose{Purpose: purpose, PurposeWords: p.Words.purpose(purpose), Asks: purpose.NeedsConsent(),
			Agreed: b.consent.Allows(r, purpose)}
		for _, e := range b.consent.Entries(purpose) {
			one.Kept = append(one.Kept, Kept{e.Name, e.DescriptionIn(p.Words.Language), p.Words.Lifetime(e.Lifetime)})
		}
		if len(one.Kept) > 0 {
			p.Purposes = append(p.Purposes, one)
		}
	}
	var text bytes.Buffer
	if err := b.opts.Page(&text, r, p); err != nil {
		b.opts.Log.Error("banner: make page", "error", err)
		http.Error(w, "This page could not be made.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	vary(h)
	secureheader.Page(h)
	if !slices.ContainsFunc(h["Content-Security-Policy"], forbidsFrames) {
		h.Add("Content-Security-Policy", b.policy)
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "private, no-store")
	}
	_, _ = text.WriteTo(w) // what fails is the connection
}

func forbidsFrames(policy string) bool { return strings.Contains(policy, "frame-ancestors 'none'") }

// maxForm bounds the answer, in bytes.
const maxForm = 16 << 10

func (b *Banner) answer(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "The form did not arrive whole. Please go back and send it again.", http.StatusBadRequest)
		return
	}
	var agreed []state.Purpose
	switch r.PostForm.Get("answer") {
	case "accept":
		agreed = b.consent.Purposes()
	case "reject":
	case "choose":
		for _, p := range b.consent.Purposes() {
			if slices.Contains(r.PostForm["purpose"], string(p)) {
				agreed = append(agreed, p)
			}
		}
	default:
		http.Error(w, "The form has no answer: accept, reject or choose.", http.StatusUnprocessableEntity)
		return
	}
	if err := b.consent.Set(w, r, agreed...); err != nil {
		b.opts.Log.Error("banner: store answer", "error", err)
		http.Error(w, "Your answer could not be stored. Please try again.", http.StatusInternalServerError)
		return
	}
	http.Redirect(w, r, session.ReturnTo(r, b.opts.Path+"?saved=1"), http.StatusSeeOther)
}

// vary says what the banner depends on.
func vary(h http.Header) {
	for _, name := range []string{"Cookie", "Sec-GPC"} {
		if !slices.Contains(h["Vary"], name) {
			h.Add("Vary", name)
		}
	}
}

//go:embed banner.html
var text string

var templates = template.Must(template.New("banner.html").Parse(text))

func render(name string, p Page) (template.HTML, error) {
	var b strings.Builder
	err := templates.ExecuteTemplate(&b, name, p)
	return template.HTML(b.String()), err // our own template has escaped it
}
