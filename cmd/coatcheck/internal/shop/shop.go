package shop

import (
	"cmp"
	"errors"
	"log/slog"
	"net/http"

	"coatcheck.dev/cmd/coatcheck/internal/asset"
	"coatcheck.dev/csrf"
	"coatcheck.dev/internal/secureheader"
	"coatcheck.dev/session"
	"coatcheck.dev/state/banner"
	"coatcheck.dev/state/policy"
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
	kept     *keeps
	banner   *banner.Banner
	memory   memory
}

// New returns the whole shop, behind sessions.Handler and the protection against forged requests. The sessions need the
// default cookie name unless it is insecure, and "/login" for their SignInPath.
func New(sessions *session.Manager, opts Options) http.Handler {
	if opts.Log == nil {
		opts.Log = slog.Default()
	}
	has := sessions.Options()
	s := &shop{sessions: sessions, opts: opts, kept: keep(cmp.Or(has.Cookie, ticketCookie), has.InsecureCookie)}
	s.kept.SendTo(has.Events)
	guard := csrf.New(csrf.Options{
		Tokens: csrf.Tokens{Session: sessions.Binding, InsecureCookie: has.InsecureCookie},
		Events: has.Events, TrustedProxies: has.TrustedProxies,
	})

	s.banner = s.newBanner(guard)
	mux := http.NewServeMux()
	mux.Handle("GET /assets/", asset.Handler(files))
	mux.Handle("GET /cookies", policy.Handler(s.kept.Inventory, policy.Options{Site: "Peg & Kettle",
		ChoiceURL: "/consent/", Log: opts.Log}))
	pages := s.kept.consent.Handler(s.kept.preferences.Handler(s.pages(guard)))
	mux.Handle("/", sessions.Handler(guard.Handler(pages)))
	return secureheader.Site(security, http.MaxBytesHandler(mux, maxForm))
}

// security allows a page its style sheet, its icon and its forms.
const security = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; " +
	"base-uri 'none'; frame-ancestors 'none'"

// maxForm bounds the body of a request, in bytes. The longest form is the sign-in.
const maxForm = 16 << 10

func (s *shop) pages(guard *csrf.Guard) http.Handler {
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
	mux.HandleFunc("POST /language", s.chooseLanguage)
	mux.Handle("/consent/", s.forgetting(s.banner))
	mux.Handle("/account/", s.account(guard))
	mux.HandleFunc("GET /api/me", s.me)
	mux.HandleFunc("/", s.notFound)
	return mux
}

// back answers a form by going back to its page, so that a reload does not send the form again.
func back(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, session.ReturnTo(r, "/"), http.StatusSeeOther)
}

// fail answers when something could not be stored. Nothing has changed then.
func (s *shop) fail(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, session.ErrTooLarge) {
		s.say(w, r, http.StatusRequestEntityTooLarge, "The hook is full", "Your cart is full. Remove something first.")
		return
	}
	s.opts.Log.Error("shop: answer request", "method", r.Method, "path", r.URL.Path, "error", err)
	w.Header().Set("Retry-After", "5")
	s.say(w, r, http.StatusServiceUnavailable, "One moment, please",
		"We cannot reach what is behind the counter right now. Nothing is lost. Please try again.")
}

func (s *shop) notFound(w http.ResponseWriter, r *http.Request) {
	s.say(w, r, http.StatusNotFound, "Nothing hangs here", "There is no such page.")
}
