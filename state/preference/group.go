package preference

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"coatcheck.dev/internal/wrapped"
	"coatcheck.dev/session"
	"coatcheck.dev/state"
)

// A Spec describes the cookie of a [Group]. The zero value is good.
type Spec struct {
	// Cookie is the cookie that all preferences share. Its Purpose is always [state.Preference]. The default of Name is
	// "preferences", of Lifetime 365 days, and Description names what it is for.
	Cookie state.CookieSpec

	// MaxSize bounds the cookie's value, in bytes: declarations that could make it larger are refused. The default is
	// 256. The most is 1024, because every request carries it.
	MaxSize int

	// Users keeps the preferences of those who sign in. The default is that they live in the browser alone.
	Users Users

	// User tells who is signed in, "" if nobody is. The default asks the session of the request.
	User func(*http.Request) string
}

// A Group is all preferences of one cookie. Its methods are safe for concurrent use.
type Group struct {
	cookie  state.Cookie[string]
	users   Users
	user    func(*http.Request) string
	maxSize int
	plain   bool   // neither signed nor sealed
	begin   string // of the cookie in a request, with the sign

	mu     sync.Mutex // held while declarations are made
	fields []*field   // in the order of their declaration, which is that of the cookie
	size   int        // of the largest cookie's value
	hints  []string   // for Accept-CH
}

const largest = 1024 // bytes of a value that is looked at

// New declares the cookie of a group. It panics if the spec is wrong or the name is taken.
func New(inv *state.Inventory, spec Spec) *Group {
	c := spec.Cookie
	c.Purpose = state.Preference
	if c.Name == "" {
		c.Name = "preferences"
	}
	if c.Lifetime == 0 {
		c.Lifetime = 365 * 24 * time.Hour
	}
	if c.Description == "" {
		c.Description = "what you have chosen for these pages, such as their colours and language"
	}
	if spec.MaxSize == 0 {
		spec.MaxSize = 256
	}
	if spec.MaxSize < 0 || spec.MaxSize > largest {
		panic(fmt.Errorf("preference: Spec.MaxSize %d is not 1 to %d bytes", spec.MaxSize, largest))
	}
	if spec.User == nil {
		spec.User = func(r *http.Request) string { return session.From(r.Context()).User() }
	}
	g := &Group{cookie: state.NewCookie[string](inv, c), users: spec.Users, user: spec.User, maxSize: spec.MaxSize,
		plain: !c.Signed && !c.Sealed, size: len("!")}
	g.begin = g.Name() + "=!"
	return g
}

// Name returns the full name of the cookie in the browser, with its prefix.
func (g *Group) Name() string { return g.cookie.Name() }

// Delete makes the browser forget all choices.
func (g *Group) Delete(w http.ResponseWriter) { g.cookie.Delete(w) }

// Handler asks browsers for the client hints that the declared preferences follow, by Accept-CH (RFC 8942). Browsers
// send them from the next request on, over https and to localhost.
func (g *Group) Handler(next http.Handler) http.Handler {
	wrapped.MustBe(next, "preference: Handler")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if ask := g.acceptCH(); ask != "" {
			w.Header().Add("Accept-Ch", ask)
		}
		next.ServeHTTP(w, r)
	})
}

func (g *Group) acceptCH() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return strings.Join(g.hints, ", ")
}

// A field is the part of a preference that does not depend on its type.
type field struct {
	group *Group
	name  string
	hint  Hint // "" for none
	valid func(value string) bool
}

// mustDeclare adds a preference whose longest value has so many bytes. It panics if that is not possible.
func (g *Group) mustDeclare(f *field, longest int) *field {
	if err := g.declare(f, longest); err != nil {
		panic(fmt.Errorf("preference: declare %q: %w", f.name, err))
	}
	f.group = g
	return f
}

func (g *Group) declare(f *field, longest int) error {
	if g == nil {
		return errors.New("there is no Group: declare it with New first")
	}
	if err := checkName(f.name); err != nil {
		return err
	}
	if err := f.hint.check(); err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if slices.ContainsFunc(g.fields, func(other *field) bool { return other.name == f.name }) {
		return fmt.Errorf("the name is taken in cookie %s", g.cookie.Name())
	}
	size := g.size + len(f.name) + longest + len(":.")
	if size > g.maxSize {
		return fmt.Errorf("cookie %s could have %d bytes, and Spec.MaxSize is %d: use shorter names or values",
			g.cookie.Name(), size, g.maxSize)
	}
	g.fields, g.size = append(g.fields, f), size
	if f.hint.isClientHint() && !slices.Contains(g.hints, string(f.hint)) {
		g.hints = append(g.hints, string(f.hint))
	}
	return nil
}

// chosen returns the value in the cookie, if there is one that is declared. It adds Cookie to Vary.
func (f *field) chosen(w http.ResponseWriter, r *http.Request) (value string, ok bool) {
	header := w.Header()
	if lines := header["Vary"]; len(lines) != 1 || lines[0] != "Cookie" { // as sessions leave it
		vary(header, "Cookie")
	}
	text, ok := f.group.text(r)
	if !ok {
		return "", false
	}
	value, found, whole := find(text, f.name)
	if !whole || found && !f.valid(value) {
		f.group.cookie.CountMalformed()
		return "", false
	}
	return value, found
}

// text returns the value of the cookie. It finds a plain one by its first byte, which is several times faster than to
// look for the name.
func (g *Group) text(r *http.Request) (text string, ok bool) {
	if lines := r.Header["Cookie"]; g.plain && len(lines) == 1 { // browsers send one
		if text, ok := spot(lines[0], g.begin); ok {
			return text, true
		}
	}
	return g.cookie.Lookup(r)
}

// spot returns the value in a Cookie header that has begin before it, if its sign, with which begin ends, is the only
// one in the header.
func spot(line, begin string) (text string, ok bool) {
	at := strings.IndexByte(line, sign)
	start := at + 1 - len(begin)
	if start < 0 || line[start:at+1] != begin || start > 0 && (start < 2 || line[start-2:start] != "; ") {
		return "", false
	}
	text = line[at:]
	if strings.IndexByte(text[1:], sign) >= 0 {
		return "", false
	}
	if end := strings.IndexByte(text, ';'); end >= 0 {
		text = text[:end]
	}
	return text, true
}

// hinted returns what the browser says in the field's header, "" for nothing. It adds the header to Vary.
func (f *field) hinted(w http.ResponseWriter, r *http.Request) string {
	if f.hint == "" {
		return ""
	}
	vary(w.Header(), string(f.hint))
	return f.hint.read(r)
}
