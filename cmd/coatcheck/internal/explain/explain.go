package explain

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/history"
	"coatcheck.dev/cookie"
	"coatcheck.dev/lint"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

// MaxInput is the most bytes of a text that is explained: as much as a server takes of headers.
const MaxInput = 64 << 10

// Options say where tickets are looked up.
type Options struct {
	// Ticket tells what a ticket is worth: see [session.Manager.Explain].
	Ticket func(ctx context.Context, ticket string) (worth string, of session.Info, err error)

	// Session returns the live session of a handle: see [session.Manager.Lookup].
	Session func(ctx context.Context, handle store.ID) (session.Info, bool, error)

	// End tells what has ended a session, if that is known: see [history.History.End]. The default is that nothing is.
	End func(ctx context.Context, handle store.ID) (history.Entry, bool, error)

	// Cookies are the names that the session's cookie may have. A cookie of another name is looked up too, if its value
	// has the form of a ticket.
	Cookies []string

	// URL is the page whose response has the Set-Cookie lines: it decides what browsers make of them.
	URL *url.URL
}

// A Report is what is known of the cookies of a text, in their order. It has no secrets.
type Report struct {
	Cookies []Cookie `json:"cookies"`

	lines *lint.Report // of the Set-Cookie lines; nil if there are none
}

// A Cookie is one cookie, or a ticket alone.
type Cookie struct {
	Name    string         `json:"name,omitempty"` // "" for a ticket or a handle alone
	Worth   string         `json:"worth"`          // that of [session.Manager.Explain], "handle", "other" or "deletes"
	Means   string         `json:"means"`
	Session *session.Info  `json:"session,omitempty"`
	End     *history.Entry `json:"end,omitempty"`        // what has ended the session, if that is known
	SetBy   bool           `json:"set_cookie,omitempty"` // whether it stands in a Set-Cookie line
	Same    int            `json:"same_name,omitempty"`  // of the session's cookie: how many are sent, if several
}

// Read explains a text.
func Read(ctx context.Context, in io.Reader, o Options) (*Report, error) {
	text, err := io.ReadAll(io.LimitReader(in, MaxInput+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the cookies: %w", err)
	case len(text) > MaxInput:
		return nil, &unexplained{fmt.Sprintf("there are more than %d bytes, and no header is so long: give one header",
			MaxInput)}
	}
	found := read(string(text))
	if len(found) == 0 {
		return nil, &unexplained{"there is nothing to explain: give a Cookie header, a Set-Cookie line or a ticket"}
	}
	r := &Report{}
	response, sent := lint.Response{URL: o.URL}, o.sent(found)
	for _, f := range found {
		c, err := o.explain(ctx, f)
		if err != nil {
			return nil, err
		}
		if n := sent[f.name]; n > 1 && f.line == "" {
			c.Same, c.Means = n, c.Means+" "+among(f.name, n)
		}
		r.Cookies = append(r.Cookies, c)
		if f.line != "" {
			response.SetCookie = append(response.SetCookie, f.line)
		}
	}
	if len(response.SetCookie) > 0 {
		r.lines = lint.Check([]lint.Response{response}, time.Now())
	}
	return r, nil
}

// An unexplained error says why a text is not explained, whatever the store knows.
type unexplained struct{ why string }

func (r *unexplained) Error() string { return r.why }

// Refused reports whether an error of Read is about the text alone.
func Refused(err error) bool {
	var r *unexplained
	return errors.As(err, &r)
}

// sent counts the cookies of each name that the session's cookie may have, as a Cookie header has them.
func (o *Options) sent(found []pasted) map[string]int {
	n := make(map[string]int)
	for _, f := range found {
		if f.line == "" && slices.Contains(o.Cookies, f.name) {
			n[f.name]++
		}
	}
	return n
}

// among says what becomes of a request with several cookies of one name.
func among(name string, n int) string {
	text := fmt.Sprintf("But there are %d cookies of this name. If one request has sent them, ", n)
	if cookie.PrefixOf(name).HostOnly() {
		return text + "none of them counts, because somebody has planted one of them: clear the site's cookies in " +
			"the browser."
	}
	return text + "the one of a live session counts if no other is of a live session, and else none."
}

func (o *Options) explain(ctx context.Context, p pasted) (Cookie, error) {
	c := Cookie{Name: hidden(p.name), SetBy: p.line != ""}
	worth, of, err := o.Ticket(ctx, p.value)
	if err != nil {
		return c, fmt.Errorf("look the session up: %w", err)
	}
	if worth == "malformed" {
		if worth, of, err = o.handle(ctx, p); err != nil {
			return c, fmt.Errorf("look the session up: %w", err)
		}
	}
	c.Worth, c.Means = worth, meaning[worth]
	if worth == "handle" && of.CreatedAt.IsZero() {
		c.Means = meaning["handle, over"]
	}
	if worth == "malformed" && ticketLike.MatchString(p.value) && strings.HasPrefix(p.value, `"`) {
		c.Means = "It stands in quotes, which belong to a cookie's value: something has put them there on the way."
	}
	if p.value == "" && p.line != "" {
		c.Worth, c.Means = "deletes", meaning["deletes"]
	}
	if of.Handle.IsZero() {
		return c, nil
	}
	c.Session = &of
	if worth == "unknown" || worth == "ended" || of.CreatedAt.IsZero() {
		c.End = o.end(ctx, of.Handle)
	}
	return c, nil
}

// handle looks up what is no ticket and may be a session's handle. A cookie of another name has one only if there is
// such a session, because many programs have values that look like it.
func (o *Options) handle(ctx context.Context, p pasted) (worth string, of session.Info, err error) {
	own := p.name == "" || slices.Contains(o.Cookies, p.name)
	worth = "other"
	if own {
		worth = "malformed"
	}
	handle, err := store.ParseID(p.value)
	if err != nil {
		return worth, session.Info{}, nil
	}
	of, live, err := o.Session(ctx, handle)
	switch {
	case err != nil:
		return "", session.Info{}, err
	case live:
		return "handle", of, nil
	case own:
		return "handle", session.Info{Handle: handle}, nil
	}
	return worth, session.Info{}, nil
}

// end returns what has ended a session, or nil. A history that does not answer keeps nobody from the rest.
func (o *Options) end(ctx context.Context, handle store.ID) *history.Entry {
	if o.End == nil {
		return nil
	}
	if e, ok, err := o.End(ctx, handle); err == nil && ok {
		return &e
	}
	return nil
}

var meaning = map[string]string{
	"live": "It is good: its session goes on with it.",
	"superseded": "It is out of date: its session has gone on to newer secrets. A browser that still sends it was " +
		"restored from an older state, or somebody has copied it; the next request with it counts as theft.",
	"expired": "The time of its session is over: sign in again.",
	"ended":   "Its session was ended for all who had signed in before some moment (not-before): sign in again.",
	"forged":  "There is a session of this handle, but it never had this secret: the ticket is made up or damaged.",
	"unknown": "There is no session of this handle: it was ended (signed out, replaced by a sign-in, revoked or " +
		"swept), or it is from another store.",
	"handle": "It is a session's handle, as logs and lists show it, and no ticket: without the secret that follows " +
		"it in a cookie it opens nothing. The session is live.",
	"handle, over": "It may be a session's handle, as logs and lists show it, and is no ticket. There is no live " +
		"session of it: it was ended or its time is over, or it is from another store.",
	"malformed": "It is no ticket: cut off, changed on the way, or from another program that uses the same name.",
	"other":     "It is not the session's: no ticket has this form.",
	"deletes":   "It takes the cookie away from the browser.",
}
