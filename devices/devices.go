package devices

import (
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"path"
	"strings"

	"coatcheck.dev/csrf"
	"coatcheck.dev/session"
)

// Options configure a [Handler]. The zero value is good.
type Options struct {
	// Path is where the handler is mounted, without http.StripPrefix. It begins and ends with a slash; the default is
	// "/devices/".
	Path string

	// Page is the app's own page, executed with a [Page]. Its forms have to post end=HANDLE and end=others to
	// Page.Path. The app also sets its Content-Security-Policy; frame-ancestors 'none' is added to that in any case,
	// so that no other site can lay the buttons under something else (ASVS 3.4.6). The default is a page that looks
	// fine alone.
	Page *template.Template

	// Guard refuses requests of other sites. The default is one with the zero Options of package csrf.
	Guard *csrf.Guard

	// Log is told when Page fails. The default is slog.Default. Failures of the store are events of the session
	// manager.
	Log *slog.Logger
}

// Check reports what is wrong with the options, if anything; [Handler] panics with the same error.
func (o Options) Check() error {
	p := o.Path
	switch {
	case p == "":
		return nil
	case !strings.HasPrefix(p, "/") || !strings.HasSuffix(p, "/") || strings.TrimSuffix(path.Clean(p), "/")+"/" != p:
		return fmt.Errorf("devices: Options.Path %q has to begin and end with a slash, and be clean: write it as \"/devices/\"", p)
	case strings.ContainsAny(p, "{}?#% "):
		return errors.New("devices: Options.Path has a character that means something in patterns or URLs")
	}
	return nil
}

func (o Options) withDefaults() Options {
	if o.Path == "" {
		o.Path = "/devices/"
	}
	if o.Guard == nil {
		o.Guard = csrf.New(csrf.Options{})
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return o
}

type handler struct {
	sessions *session.Manager
	opts     Options
	page     *template.Template
	policy   string // a Content-Security-Policy
}

// Handler returns the page of the manager's signed-in users. It panics if the options are wrong, as they are part of
// the program; use [Options.Check] first where they come from elsewhere.
func Handler(sessions *session.Manager, o Options) http.Handler {
	if err := o.Check(); err != nil {
		panic(err)
	}
	o = o.withDefaults()
	h := &handler{sessions, o, o.Page, "frame-ancestors 'none'"}
	if h.page == nil {
		h.page, h.policy = defaultPage, defaultPolicy
	}
	mux := http.NewServeMux()
	mux.Handle("GET "+o.Path+"{$}", sessions.Require(http.HandlerFunc(h.show)))
	mux.Handle("POST "+o.Path+"{$}", sessions.Require(http.HandlerFunc(h.end)))
	mux.HandleFunc("GET "+o.Path+styleFile, serveStyle)
	return o.Guard.Handler(mux)
}

// fail answers a request that was not carried out.
func (h *handler) fail(w http.ResponseWriter, r *http.Request, status int, text string) {
	w.Header().Set("Cache-Control", "no-store")
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "5")
	}
	if wantsJSON(r) {
		writeJSON(w, status, map[string]string{"error": text})
		return
	}
	http.Error(w, text, status)
}

// unavailable says no more than is known. What the store said is an event of the session manager.
func (h *handler) unavailable(w http.ResponseWriter, r *http.Request) {
	h.fail(w, r, http.StatusServiceUnavailable, "Temporarily unavailable; it is not known whether anything was changed. Please try again in a moment.")
}
