package session_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

// A spill is all text that anything here has printed.
type spill struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (s *spill) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.Write(b)
}

// print prints a value in every way that people print values.
func (s *spill) print(v any) {
	for _, format := range []string{"%v\n", "%+v\n", "%#v\n", "%q\n", "%x\n", "%X\n", "%s\n", "%d\n", "%o\n", "%b\n",
		"%c\n", "%U\n", "%08v\n", "% x\n"} {
		fmt.Fprintf(s, format, v)
	}
	_ = json.NewEncoder(s).Encode(v)
	for _, log := range []*slog.Logger{slog.New(slog.NewTextHandler(s, nil)), slog.New(slog.NewJSONHandler(s, nil))} {
		log.Info("printed", "value", v)
	}
}

// finds reports in which form the secret of a ticket is in what was printed.
func (s *spill) finds(ticket string) (forms []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := s.buf.String()
	secret, err := base64.RawURLEncoding.DecodeString(ticket[1+store.IDLen:])
	if err != nil {
		panic(err)
	}
	decimal := strings.Trim(fmt.Sprint(secret), "[]")
	for form, part := range map[string]string{
		"text":           ticket[1+store.IDLen:],
		"front of text":  ticket[1+store.IDLen:][:12],
		"end of text":    ticket[len(ticket)-12:],
		"standard":       base64.StdEncoding.EncodeToString(secret),
		"hexadecimal":    hex.EncodeToString(secret[:8]),
		"upper case":     strings.ToUpper(hex.EncodeToString(secret[:8])),
		"spaced":         fmt.Sprintf("% x", secret[:8]),
		"bytes":          string(secret[:8]),
		"decimal":        strings.Join(strings.Fields(decimal)[:6], " "),
		"Go syntax":      strings.Trim(fmt.Sprintf("%#v", secret[:4]), "[]byte{}"),
		"JSON of bytes":  strings.Join(strings.Fields(decimal)[:6], ","),
		"text in binary": fmt.Sprintf("%b", secret[:3]),
	} {
		if strings.Contains(text, part) {
			forms = append(forms, form)
		}
	}
	return forms
}

// Whatever is printed of a session, in whatever way, the secret is not in it: not in logs, events, errors, lists or
// URLs.
//
// Rows: A35, I7, C7, ASVS 16.2.5, ASVS 14.2.1
func TestSecretsAreNeverPrinted(t *testing.T) {
	var out spill
	log := slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	st := newFaultStore()
	o := session.Options{
		SignInPath: "/login", MaxSessions: 2, MaxBytes: 200, RotateEvery: 3 * time.Millisecond,
		RotationGrace: time.Millisecond,
		Events:        event.NewQueue(event.LogEvents(log), func(e event.Event) { out.print(e); out.print(&e) }),
	}
	m := newManager(t, st, o)
	var tickets []string
	b := newBrowser(t, m)
	look := func() {
		a := b.visit(func(w http.ResponseWriter, r *http.Request) {
			s := session.From(r.Context())
			out.print(s)
			out.print(struct{ Inside *session.Session }{s})
			out.print(struct{ inside *session.Session }{s})
			out.print(struct{ ctx any }{r.Context()})
			out.print(struct{ w http.ResponseWriter }{w})
			out.print(struct{ m *session.Manager }{m})
			out.print([]any{s, m})
			_ = note.Update(s, func(v string) string { out.print(s); return v })
			out.print(w)
			out.print(r.Context())
			info, _ := s.Info()
			out.print(info)
			out.print(s.Auth())
		})
		for name, lines := range a.header {
			if name != "Set-Cookie" {
				fmt.Fprintln(&out, name, lines)
			}
		}
		tickets = append(tickets, b.ticket())
	}
	set(b, note, "x")
	look()
	b.signIn("ada", session.Remember)
	look()
	stolen := b.copied()
	for range 3 { // rotations
		time.Sleep(5 * time.Millisecond)
		look()
	}
	stepUp(b)
	look()

	forged := newBrowser(t, m)
	for name, value := range strangeTickets(b.ticket()) {
		if name == "secret before the ID" {
			continue // a secret in the place of the handle is taken for one
		}
		forged.setTicket(value)
		forged.user()
	}
	both := httptest.NewRequest(http.MethodGet, "/x", nil)
	both.Header.Set("Cookie", b.cookieHeader()+"; "+b.cookieHeader())
	m.Handler(m.Require(http.NotFoundHandler())).ServeHTTP(httptest.NewRecorder(), both)
	b.with(func(s *session.Session) {
		out.print(note.Set(s, strings.Repeat("x", 300)))
		for _, method := range []string{"Save", "Create", "Delete"} {
			st.down(method)
		}
		_ = note.Set(s, "y")
		out.print(s.Save())
		out.print(s.SignIn("alan"))
		out.print(s.SignOut())
		st.up()
	})
	st.down()
	out.print(describe(b.with(nothing)))
	st.up()
	stolen.user()
	infos, err := m.List(t.Context(), "ada")
	out.print(infos)
	out.print(err)
	out.print(m)
	out.print(struct{ M *session.Manager }{m})
	records, err := st.List(t.Context(), store.Query{})
	out.print(records)
	out.print(err)
	b.with(func(s *session.Session) { _ = s.SignOut() })
	_ = m.Close(t.Context())

	for _, ticket := range tickets {
		if forms := out.finds(ticket); len(forms) > 0 {
			t.Errorf("the secret of %s... was printed as %v", ticket[:1+store.IDLen], forms)
		}
	}
	if out.buf.Len() < 10_000 || !strings.Contains(out.buf.String(), tickets[0][1:1+store.IDLen]) {
		t.Errorf("only %d bytes were printed, without the public handle: nothing was tested", out.buf.Len())
	}
}

// The spill finds what it looks for.
//
// Rows: A35
func TestSearchForSecretsFindsThem(t *testing.T) {
	ticket := unknownTicket(7)
	secret, err := base64.RawURLEncoding.DecodeString(ticket[1+store.IDLen:])
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []any{ticket, secret, string(secret), [24]byte(secret), struct{ S []byte }{secret},
		errors.New(ticket), &struct{ t string }{ticket}} {
		var out spill
		out.print(v)
		if len(out.finds(ticket)) == 0 {
			t.Errorf("%T with the secret in it was not found", v)
		}
	}
}

// Whoever has the store has nothing: no ticket can be made of what it holds.
//
// Rows: A36, A4, C7
func TestStolenStoreMakesNoTicket(t *testing.T) {
	st := newFaultStore()
	m := newManager(t, st, session.Options{})
	b := newBrowser(t, m)
	handle := b.signIn("ada")
	r, ok := st.record(t, handle)
	if !ok {
		t.Fatal("no record")
	}
	var out spill
	out.print(r)
	out.Write(r.AppendBody(nil))
	if forms := out.finds(b.ticket()); len(forms) > 0 {
		t.Errorf("the record has the secret as %v", forms)
	}
	thief := newBrowser(t, m)
	for name, secret := range map[string][]byte{"hash": r.Secret[:24], "end of hash": r.Secret[8:],
		"other": r.Rotation.Other[:24]} {
		thief.setTicket("1" + handle.String() + base64.RawURLEncoding.EncodeToString(secret))
		if u := thief.user(); u != "" {
			t.Errorf("a ticket of the record's %s signs in as %q", name, u)
		}
	}
}

// The user's name is nowhere in what the browser or a list of strangers gets.
//
// Rows: N5, C1
func TestTicketHasNoMeaning(t *testing.T) {
	m := newManager(t, newFaultStore(), session.Options{})
	b := newBrowser(t, m)
	a := b.with(func(s *session.Session) { _ = s.SignIn("ada.lovelace@example.org") })
	decoded, err := base64.RawURLEncoding.DecodeString(ticketOf(t, a)[1:])
	if strings.Contains(fmt.Sprint(a.header), "lovelace") || err == nil && bytes.Contains(decoded, []byte("lovelace")) {
		t.Errorf("headers %v", a.header)
	}
}
