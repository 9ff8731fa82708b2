package policy

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"errors"
	"html/template"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"coatcheck.dev/internal/secureheader"
	"coatcheck.dev/state"
	"golang.org/x/text/language"
)

// Options configure a [Handler]. The zero value is good.
type Options struct {
	// Site is the name of the site, for the title. Contact is whom visitors ask, as text. Both are optional.
	Site    string
	Contact string

	// ChoiceURL is the page on which visitors change what they have agreed to. The default is no link to one.
	ChoiceURL string

	// Languages are those of the page; the first one is for visitors who want none of them. The default is English and
	// German.
	Languages []*Language

	// Page writes the app's own page around Page.Content; the default page stands alone. Nothing is sent until Page
	// returns, so an error becomes a clean 500. The app sets its own Content-Security-Policy then.
	Page func(w io.Writer, r *http.Request, p Page) error

	// Log records the errors of Page. The default is slog.Default.
	Log *slog.Logger
}

// A Page is the content of the page, in one language.
type Page struct {
	Site, Contact, ChoiceURL string

	Words     Words        // of the page itself
	Style     template.CSS // its style sheet
	Languages []Choice
	Purposes  []Purpose
}

// A Choice is a language that the page comes in.
type Choice struct {
	Tag, Name string
	Current   bool
}

// A Purpose is one reason for keeping something, with all that is kept for it.
type Purpose struct {
	Name, Text   string
	NeedsConsent bool
	Things       []Thing
}

// A Thing is one entry of the inventory, in plain words.
type Thing struct {
	Name, Description string
	Facts             []Fact
}

// A Fact is one thing that there is to say of another.
type Fact struct{ Name, Text string }

//go:embed page.html
var pageText string

//go:embed style.css
var style string

var page = template.Must(template.New("policy").Parse(pageText))

// Content returns the body of the default page, for a layout of the app's own. Everything in it has the class policy
// around it.
func (p Page) Content() (template.HTML, error) {
	var text strings.Builder
	err := page.ExecuteTemplate(&text, "content", p)
	return template.HTML(text.String()), err // our own template has escaped it
}

// security allows the page its own style, which its hash names, and nothing else.
var security = func() string {
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}()

type handler struct {
	inv     *state.Inventory
	opts    Options
	matcher language.Matcher
}

// Handler returns the page of an inventory, for GET and HEAD at any path. It panics without one.
func Handler(inv *state.Inventory, o Options) http.Handler {
	if inv == nil {
		panic(errors.New("policy: Handler needs the inventory that it shows: state.NewInventory makes one"))
	}
	if len(o.Languages) == 0 {
		o.Languages = []*Language{English, German}
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	h := &handler{inv: inv, opts: o}
	var tags []language.Tag
	for _, l := range o.Languages {
		tags = append(tags, l.tag)
	}
	h.matcher = language.NewMatcher(tags)
	return h
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "This page can only be looked at.", http.StatusMethodNotAllowed)
		return
	}
	l := h.language(r)
	write := h.opts.Page
	if write == nil {
		write = func(w io.Writer, _ *http.Request, p Page) error { return page.ExecuteTemplate(w, "page", p) }
	}
	var text bytes.Buffer
	if err := write(&text, r, h.page(l)); err != nil {
		h.opts.Log.Error("policy: make page", "error", err)
		http.Error(w, "This page could not be made.", http.StatusInternalServerError)
		return
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Language", l.words.Tag)
	header.Add("Vary", "Accept-Language")
	secureheader.Page(header)
	if h.opts.Page == nil {
		header.Set("Content-Security-Policy", security)
	}
	_, _ = text.WriteTo(w) // only the connection can fail
}

// maxAccept bounds what is parsed of a client's wishes, in bytes.
const maxAccept = 256

// language returns the one that the address asks for, or else the browser.
func (h *handler) language(r *http.Request) *Language {
	want := r.Header.Get("Accept-Language")
	if asked := r.URL.Query().Get("lang"); asked != "" {
		want = asked
	}
	if len(want) > maxAccept {
		want = ""
	}
	_, i := language.MatchStrings(h.matcher, want)
	return h.opts.Languages[i]
}

// page puts the inventory into the words of a language.
func (h *handler) page(l *Language) Page {
	p := Page{Site: h.opts.Site, Contact: h.opts.Contact, ChoiceURL: h.opts.ChoiceURL, Words: l.words,
		Style: template.CSS(style)} // our own
	for _, other := range h.opts.Languages {
		p.Languages = append(p.Languages, Choice{other.words.Tag, other.words.Name, other == l})
	}
	byPurpose := map[state.Purpose][]Thing{}
	for _, e := range h.inv.Entries() {
		byPurpose[e.Purpose] = append(byPurpose[e.Purpose], l.words.thing(&e))
	}
	for _, purpose := range inOrder(byPurpose) {
		names, ok := l.words.Purposes[string(purpose)]
		if !ok {
			names = [2]string{l.words.Other + ": " + string(purpose)}
		}
		p.Purposes = append(p.Purposes, Purpose{names[0], names[1], purpose.NeedsConsent(), byPurpose[purpose]})
	}
	return p
}

// inOrder returns the purposes as people care for them: what needs no consent first, the app's own last.
func inOrder(byPurpose map[state.Purpose][]Thing) (purposes []state.Purpose) {
	known := []state.Purpose{state.Essential, state.Preference, state.Personalization, state.Analytics, state.Marketing}
	for purpose := range byPurpose {
		purposes = append(purposes, purpose)
	}
	slices.SortFunc(purposes, func(a, b state.Purpose) int {
		i, j := slices.Index(known, a), slices.Index(known, b)
		switch {
		case i >= 0 && j >= 0:
			return i - j
		case i >= 0:
			return -1
		case j >= 0:
			return 1
		}
		return strings.Compare(string(a), string(b))
	})
	return purposes
}

// thing puts an entry into words.
func (w *Words) thing(e *state.Entry) Thing {
	t := Thing{Name: e.Name, Description: e.DescriptionIn(w.Tag)}
	for _, f := range []Fact{
		{w.Where, w.Places[e.Place]},
		{w.KeptBy, e.Host},
		{w.HowLong, w.lifetime(e)},
		{w.WhoDecides, w.controller(e.Place)},
		{w.About, w.Sensitivities[string(e.Sensitivity)]},
		{w.Owner, e.Owner},
		{w.Recipients, strings.Join(e.Recipients, ", ")},
		{w.LegalBasis, w.basis(e.LegalBasis)},
	} {
		if f.Text != "" {
			t.Facts = append(t.Facts, f)
		}
	}
	return t
}

func (w *Words) basis(b state.LegalBasis) string {
	if text, ok := w.Bases[string(b)]; ok {
		return text
	}
	return string(b)
}

// controller says who decides on a value. Nobody but the server can delete what is there alone.
func (w *Words) controller(p state.Place) string {
	if p == state.InSession {
		return w.Controllers["session"]
	}
	return w.Controllers[p.ControlledBy()]
}
