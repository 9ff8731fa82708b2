package shop

import (
	"errors"
	"log/slog"
	"net/http"

	"coatcheck.dev/csrf"
	"coatcheck.dev/session"
)

// Options configure a shop. The zero value is good.
type Options struct {
	// ConsoleURL is where the operator's console is, for a link. The default is no link.
	ConsoleURL string

	// Log gets failures. The default is slog.Default.
	Log *slog.Logger
}

type shop struct {
	sessions *session.Manager
	opts     Options
}

// New returns the whole shop: it puts its pages behind sessions.Handler and behind the protection against forged
// requests. The sessions need the default cookie name, and "/login" for their SignInPath.
func New(sessions *session.Manager, opts Options) http.Handler {
	if opts.Log == nil {
		opts.Log = slog.Default()
	}
	s := &shop{sessions, opts}
	has := sessions.Options()
	guard := csrf.New(csrf.Options{Events: has.Events, TrustedProxies: has.TrustedProxies})

	mux := http.NewServeMux()
	mux.Handle("GET /assets/", assets())
	mux.Handle("/", guard.Handler(sessions.Handler(s.pages())))
	return withHeaders(mux)
}

func (s *shop) pages() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.home)
	mux.HandleFunc("GET /goods/{name}", s.look)
	mux.HandleFunc("GET /cart", s.showCart)
	mux.HandleFunc("POST /cart", s.addToCart)
	mux.HandleFunc("POST /cart/remove", s.removeFromCart)
	mux.HandleFunc("GET /login", s.showSignIn)
	mux.HandleFunc("POST /login", s.signIn)
	mux.HandleFunc("POST /logout", s.signOut)
	mux.HandleFunc("POST /theme", s.chooseTheme)
	mux.HandleFunc("POST /consent", s.answerConsent)
	mux.Handle("GET /account", s.sessions.Require(http.HandlerFunc(s.account)))
	mux.Handle("POST /account/end", s.sessions.Require(http.HandlerFunc(s.endOne)))
	mux.Handle("POST /account/others", s.sessions.Require(http.HandlerFunc(s.endOthers)))
	mux.HandleFunc("GET /api/me", s.me)
	mux.HandleFunc("/", s.notFound)
	return mux
}

// maxForm bounds the body of a request, in bytes. The longest form is the sign-in.
const maxForm = 16 << 10

// withHeaders sets what all answers have (ASVS 3.4).
func withHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy",
			"default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "same-origin") // with no-referrer, browsers send "Origin: null" with forms
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		next.ServeHTTP(w, r)
	})
}

// back answers a form that was sent: with the page that it was on, so that reloading that sends nothing again.
func back(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, session.ReturnTo(r, "/"), http.StatusSeeOther)
}

// fail answers when something could not be kept. Nothing has changed then.
func (s *shop) fail(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, session.ErrTooLarge) {
		s.say(w, r, http.StatusRequestEntityTooLarge, "The hook is full", "Your cart holds no more. Take something out first.")
		return
	}
	s.opts.Log.Error("shop: answer request", "method", r.Method, "path", r.URL.Path, "error", err)
	w.Header().Set("Retry-After", "5")
	s.say(w, r, http.StatusServiceUnavailable, "One moment, please",
		"We cannot get at what is behind the counter right now. Nothing is lost; please try again.")
}

func (s *shop) notFound(w http.ResponseWriter, r *http.Request) {
	s.say(w, r, http.StatusNotFound, "Nothing hangs here", "There is no such page.")
}
