package devices

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path"
	"strings"
	"time"

	"coatcheck.dev/csrf"
	"coatcheck.dev/session"
)

// Options configure a [Handler]. The zero value is good.
type Options struct {
	// Path is the path of the handler, without http.StripPrefix. It begins and ends with a slash. The default is
	// "/devices/".
	Path string

	// Page writes the app's own page, in its own layout and language; the default page stands alone. Its forms post
	// end=HANDLE and end=others to Page.Path, with Page.Field. Nothing is sent until Page returns, so an error becomes
	// a clean 500. The app sets its own Content-Security-Policy. The handler adds frame-ancestors 'none' to it, because
	// another site could otherwise hide the buttons under something else (ASVS 3.4.6).
	Page func(w io.Writer, r *http.Request, p Page) error

	// Bound tells by what key a session is bound to its device, and since when: what package bound says of it. No key
	// is "". The default is to say nothing of it.
	Bound func(session.Info) (key string, since time.Time)

	// Guard refuses requests from other sites. The default is csrf.New with zero Options.
	Guard *csrf.Guard

	// Log records the errors of Page. The default is slog.Default. Failures of the store are events of the session
	// manager instead.
	Log *slog.Logger
}

// Check returns the error in the options, nil if there is none. [Handler] panics with it.
func (o Options) Check() error {
	p := o.Path
	switch {
	case p == "":
		return nil
	case !strings.HasPrefix(p, "/") || !strings.HasSuffix(p, "/") || strings.TrimSuffix(path.Clean(p), "/")+"/" != p:
		return fmt.Errorf("devices: Options.Path %q must begin and end with a slash, and be clean: \"/devices/\"", p)
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
	policy   string // the Content-Security-Policy
}

// Handler returns the page of the manager's signed-in users. It panics on wrong options, because they are part of the
// program. If they come from elsewhere, use [Options.Check] first.
func Handler(sessions *session.Manager, o Options) http.Handler {
	err := o.Check()
	if sessions == nil {
		err = errors.Join(errors.New("devices: Handler needs the session manager whose sessions it shows"), err)
	}
	if err != nil {
		panic(err)
	}
	o = o.withDefaults()
	h := &handler{sessions, o, "frame-ancestors 'none'"}
	if o.Page == nil {
		h.opts.Page, h.policy = writePage, defaultPolicy
	}
	mux := http.NewServeMux()
	mux.Handle("GET "+o.Path+"{$}", sessions.Require(http.HandlerFunc(h.show)))
	mux.Handle("POST "+o.Path+"{$}", sessions.Require(http.HandlerFunc(h.end)))
	mux.HandleFunc("GET "+o.Path+styleFile, serveStyle)
	return o.Guard.Handler(mux)
}

// fail answers a failed request.
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

// unavailable claims no more than is known. The error of the store is an event of the session manager.
func (h *handler) unavailable(w http.ResponseWriter, r *http.Request) {
	h.fail(w, r, http.StatusServiceUnavailable,
		"Temporarily unavailable; it is not known whether anything was changed. Please try again in a moment.")
}
