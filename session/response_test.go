package session_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/store/memory"
)

// begins are the ways in which a handler can send its first byte. Each is told to a session that has just got a new
// ticket.
var begins = []struct {
	name   string
	send   func(w http.ResponseWriter, r *http.Request) error
	status int
	body   string
}{
	{"nothing", func(http.ResponseWriter, *http.Request) error { return nil }, 200, ""},
	{"write", func(w http.ResponseWriter, _ *http.Request) error { _, err := w.Write([]byte("hello")); return err },
		200, "hello"},
	{"write nothing", func(w http.ResponseWriter, _ *http.Request) error { _, err := w.Write(nil); return err }, 200,
		""},
	{"write string", func(w http.ResponseWriter, _ *http.Request) error {
		_, err := io.WriteString(w, "hello")
		return err
	}, 200, "hello"},
	{"header", func(w http.ResponseWriter, _ *http.Request) error { w.WriteHeader(http.StatusCreated); return nil },
		201, ""},
	{"header then write", func(w http.ResponseWriter, _ *http.Request) error {
		w.WriteHeader(http.StatusAccepted)
		_, err := io.WriteString(w, "hello")
		return err
	}, 202, "hello"},
	{"header twice", func(w http.ResponseWriter, _ *http.Request) error {
		w.WriteHeader(http.StatusAccepted)
		w.WriteHeader(http.StatusTeapot)
		return nil
	}, 202, ""},
	{"no content", func(w http.ResponseWriter, _ *http.Request) error {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}, 204, ""},
	{"redirect", func(w http.ResponseWriter, r *http.Request) error {
		http.Redirect(w, r, "/account", http.StatusSeeOther)
		return nil
	}, 303, "<a href=\"/account\">See Other</a>.\n\n"},
	{"error", func(w http.ResponseWriter, _ *http.Request) error {
		http.Error(w, "no", http.StatusForbidden)
		return nil
	}, 403, "no\n"},
	{"flush first", func(w http.ResponseWriter, _ *http.Request) error {
		w.(http.Flusher).Flush()
		_, err := io.WriteString(w, "hello")
		return err
	}, 200, "hello"},
	{"flush by controller", func(w http.ResponseWriter, _ *http.Request) error {
		err := http.NewResponseController(w).Flush()
		_, err2 := io.WriteString(w, "hello")
		return errors.Join(err, err2)
	}, 200, "hello"},
	{"deadline, then write", func(w http.ResponseWriter, _ *http.Request) error {
		c := http.NewResponseController(w)
		err := errors.Join(c.SetReadDeadline(time.Time{}), c.SetWriteDeadline(time.Time{}))
		_, err2 := io.WriteString(w, "hello")
		return errors.Join(err, err2)
	}, 200, "hello"},
	{"copy", func(w http.ResponseWriter, _ *http.Request) error {
		_, err := io.Copy(w, strings.NewReader("hello"))
		return err
	}, 200, "hello"},
	{"copy from a plain reader", func(w http.ResponseWriter, _ *http.Request) error {
		_, err := io.Copy(w, struct{ io.Reader }{strings.NewReader("hello")})
		return err
	}, 200, "hello"},
	{"serve content", func(w http.ResponseWriter, r *http.Request) error {
		http.ServeContent(w, r, "a.txt", time.Time{}, bytes.NewReader([]byte("hello")))
		return nil
	}, 200, "hello"},
	{"early hints", func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Link", "</style.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusEarlyHints)
		_, err := io.WriteString(w, "hello")
		return err
	}, 200, "hello"},
	{"processing", func(w http.ResponseWriter, _ *http.Request) error {
		w.WriteHeader(http.StatusProcessing)
		w.WriteHeader(http.StatusOK)
		return nil
	}, 200, ""},
	{"server-sent events", func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Content-Type", "text/event-stream")
		for range 3 {
			_, err := io.WriteString(w, "data: x\n\n")
			if err := errors.Join(err, http.NewResponseController(w).Flush()); err != nil {
				return err
			}
		}
		return nil
	}, 200, "data: x\n\ndata: x\n\ndata: x\n\n"},
	{"trailer", func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Trailer", "Checksum")
		_, err := io.WriteString(w, "hello")
		w.Header().Set("Checksum", "42")
		return err
	}, 200, "hello"},
}

// Whatever sends the first byte, the ticket is set once, in the final response, and what was set is durable by then.
//
// Rows: A1, C6
func TestTicketIsSetExactlyOnce(t *testing.T) {
	onTheWire(t, session.Options{}, func(t *testing.T, w *wire, m *session.Manager, st *faultStore) {
		for _, first := range begins {
			t.Run(first.name, func(t *testing.T) {
				before := rows(t, st)
				got := w.get(t, "", m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if err := note.Set(session.From(r.Context()), "kept"); err != nil {
						t.Errorf("set: %v", err)
					}
					if err := first.send(w, r); err != nil {
						t.Errorf("send: %v", err)
					}
				})))
				if got.err != nil || got.status != first.status || got.body != first.body {
					t.Errorf("answer %d %q, %v; want %d %q", got.status, got.body, got.err, first.status, first.body)
				}
				for _, early := range got.early {
					if early.Get("Set-Cookie") != "" || early.Get("Cache-Control") != "" {
						t.Errorf("an informational response has headers of the session: %v", early)
					}
				}
				if !headerHas(got.header, "Cache-Control", "no-store") || !headerHas(got.header, "Vary", "Cookie") {
					t.Errorf("headers %v, want no-store and Vary: Cookie", got.header)
				}
				b := newBrowser(t, m)
				b.setTicket(ticketOf(t, &got.answer))
				if v := get(b, note); v != "kept" {
					t.Errorf("the new ticket finds %q", v)
				}
				if n := rows(t, st) - before; n != 1 {
					t.Errorf("%d new records, want 1", n)
				}
			})
		}
		if lost := w.events.of(t, m, event.Undelivered); len(lost) != 0 {
			t.Errorf("tickets are reported as lost that were not: %v", lost)
		}
	})
}

// The value is durable before the first byte leaves: whoever sees an answer may rely on it.
//
// Rows: A16, R4
func TestChangesAreDurableBeforeTheFirstByte(t *testing.T) {
	onTheWire(t, session.Options{}, func(t *testing.T, w *wire, m *session.Manager, st *faultStore) {
		for _, first := range begins {
			t.Run(first.name, func(t *testing.T) {
				saves := st.count("Create")
				seen := -1
				h := m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					_ = note.Set(session.From(r.Context()), "kept")
					_ = first.send(w, r)
				}))
				w.get(t, "", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					h.ServeHTTP(&spyWriter{ResponseWriter: w, onFirst: func() { seen = st.count("Create") - saves }}, r)
				}))
				if first.name != "nothing" && seen != 1 {
					t.Errorf("%d records were created before the first byte, want 1", seen)
				}
			})
		}
	})
}

// spyWriter calls onFirst when headers are sent.
type spyWriter struct {
	http.ResponseWriter
	onFirst func()
	done    bool
}

func (w *spyWriter) first() {
	if !w.done {
		w.done = true
		w.onFirst()
	}
}

func (w *spyWriter) WriteHeader(status int) {
	if status >= 200 {
		w.first()
	}
	w.ResponseWriter.WriteHeader(status)
}
func (w *spyWriter) Write(b []byte) (int, error) { w.first(); return w.ResponseWriter.Write(b) }
func (w *spyWriter) FlushError() error {
	w.first()
	return http.NewResponseController(w.ResponseWriter).Flush()
}
func (w *spyWriter) Flush()                      { _ = w.FlushError() }
func (w *spyWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// A change that needs a new ticket after the first byte is an error to its maker, and reported; nothing is stored.
//
// Rows: A1
func TestTicketAfterTheFirstByteIsAnError(t *testing.T) {
	onTheWire(t, session.Options{}, func(t *testing.T, w *wire, m *session.Manager, st *faultStore) {
		for _, first := range begins {
			if first.name == "nothing" {
				continue
			}
			t.Run(first.name, func(t *testing.T) {
				got := w.get(t, "", m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if err := first.send(w, r); err != nil {
						t.Errorf("send: %v", err)
					}
					s := session.From(r.Context())
					if err := note.Set(s, "late"); !errors.Is(err, session.ErrTooLate) {
						t.Errorf("set: %v, want ErrTooLate", err)
					}
					if err := note.Update(s, func(string) string { return "late" }); !errors.Is(err,
						session.ErrTooLate) {
						t.Errorf("update: %v, want ErrTooLate", err)
					}
					if err := s.SignIn("ada"); !errors.Is(err, session.ErrTooLate) {
						t.Errorf("sign in: %v, want ErrTooLate", err)
					}
					if s.SignedIn() || note.Get(s) != "" {
						t.Error("what was refused is there")
					}
				})))
				if len(got.setCookies()) != 0 || rows(t, st) != 0 {
					t.Errorf("%d cookies, %d records; want none", len(got.setCookies()), rows(t, st))
				}
			})
		}
		if len(w.events.of(t, m, event.Undelivered)) == 0 {
			t.Error("nobody is told")
		}
	})
}

// A change of a session that has its ticket is saved also after the first byte.
//
// Rows: A16, R4
func TestLateChangeIsSaved(t *testing.T) {
	onTheWire(t, session.Options{}, func(t *testing.T, w *wire, m *session.Manager, _ *faultStore) {
		b := newBrowser(t, m)
		b.signIn("ada")
		for i, first := range begins {
			t.Run(first.name, func(t *testing.T) {
				want := fmt.Sprint("late ", i)
				got := w.get(t, b.cookieHeader(),
					m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						s := session.From(r.Context())
						_ = first.send(w, r)
						if err := note.Set(s, want); err != nil {
							t.Errorf("set: %v", err)
						}
					})))
				if v := get(b, note); v != want || len(got.setCookies()) != 0 {
					t.Errorf("note %q, want %q; cookies %v", v, want, got.setCookies())
				}
			})
		}
	})
}

// A panic leaves the session as it was, and the connection's fate to the server, as without Coatcheck.
//
// Rows: I14
func TestPanicInTheHandlerChangesNothing(t *testing.T) {
	onTheWire(t, session.Options{}, func(t *testing.T, w *wire, m *session.Manager, st *faultStore) {
		b := newBrowser(t, m)
		b.signIn("ada")
		set(b, note, "before")
		for _, value := range []any{"boom", http.ErrAbortHandler} {
			got := w.get(t, b.cookieHeader(), m.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				_ = note.Set(session.From(r.Context()), "half done")
				panic(value)
			})))
			if got.err == nil {
				t.Errorf("the panic %v was swallowed: %d %q", value, got.status, got.body)
			}
		}
		if v := get(b, note); v != "before" || b.user() != "ada" {
			t.Errorf("note %q, user %q; want them as before the panic", v, b.user())
		}
		got := w.get(t, "", m.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if err := session.From(r.Context()).SignIn("alan"); err != nil {
				t.Error(err)
			}
			panic("boom")
		})))
		if got.err == nil {
			t.Error("the panic was swallowed")
		}
		if len(w.events.of(t, m, event.Undelivered)) != 1 || len(w.events.of(t, m, event.Dropped)) != 2 {
			t.Errorf("events %s; want two times dropped changes and one lost ticket", w.events.kinds())
		}
	})
}

// Whoever recovers outside can still answer, and the ticket that was made before the panic goes with the answer.
//
// Rows: I14
func TestRecoveredPanicKeepsItsTicket(t *testing.T) {
	onTheWire(t, session.Options{}, func(t *testing.T, w *wire, m *session.Manager, _ *faultStore) {
		h := m.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if err := session.From(r.Context()).SignIn("ada"); err != nil {
				t.Error(err)
			}
			panic("boom")
		}))
		got := w.get(t, "", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer func() {
				if recover() != nil {
					http.Error(w, "sorry", http.StatusInternalServerError)
				}
			}()
			h.ServeHTTP(w, r)
		}))
		b := newBrowser(t, m)
		b.setTicket(ticketOf(t, &got.answer))
		if got.status != http.StatusInternalServerError || b.user() != "ada" {
			t.Errorf("answer %s, user %q", describe(&got.answer), b.user())
		}
		if !headerHas(got.header, "Cache-Control", "no-store") {
			t.Errorf("the answer with the ticket may be stored: %v", got.header)
		}
	})
}

// runtime.Goexit and a panic after the first byte are no different: nothing half done is saved.
//
// Rows: I14
func TestPanicAfterTheFirstByteSavesNothing(t *testing.T) {
	onTheWire(t, session.Options{}, func(t *testing.T, w *wire, m *session.Manager, _ *faultStore) {
		b := newBrowser(t, m)
		b.signIn("ada")
		set(b, note, "before")
		w.get(t, b.cookieHeader(), m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, "hello")
			_ = note.Set(session.From(r.Context()), "half done")
			panic("boom")
		})))
		if v := get(b, note); v != "before" {
			t.Errorf("note %q, want it as before the panic", v)
		}
		if dropped := w.events.of(t, m, event.Dropped); len(dropped) != 1 || dropped[0].Count != 1 {
			t.Errorf("dropped changes are not reported: %s", w.events.kinds())
		}
	})
}

// An upgrade to another protocol: the ticket goes with status 101, or the handler hears that it cannot.
//
// Rows: A42
func TestHijackedUpgradeCarriesTheTicketOrFails(t *testing.T) {
	raw101 := "HTTP/1.1 101 Switching Protocols\r\nUpgrade: test\r\nConnection: Upgrade\r\n\r\n"
	hijack := func(t *testing.T, w http.ResponseWriter, say string) error {
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return err
		}
		defer conn.Close()
		_, err = rw.WriteString(say)
		return errors.Join(err, rw.Flush())
	}
	for _, c := range []struct {
		name       string
		signedIn   bool
		change     func(*session.Session) error
		upgrade    func(t *testing.T, w http.ResponseWriter) error
		wantErr    bool
		wantCookie int
		wantStatus string
		wantNote   string
	}{
		{"stranger", false, nil,
			func(t *testing.T, w http.ResponseWriter) error {
				return hijack(t, w, raw101+"hello")
			}, false, 0, "101", ""},
		{"signed in", true, nil,
			func(t *testing.T, w http.ResponseWriter) error {
				return hijack(t, w, raw101+"hello")
			}, false, 0, "101", ""},
		{"signed in, with a change", true, func(s *session.Session) error { return note.Set(s, "kept") },
			func(t *testing.T, w http.ResponseWriter) error {
				return hijack(t, w, raw101+"hello")
			}, false, 0, "101", "kept"},
		{"new ticket, hijacked", false, func(s *session.Session) error { return note.Set(s, "kept") },
			func(t *testing.T, w http.ResponseWriter) error {
				return hijack(t, w, raw101+"hello")
			}, true, 1, "200", "kept"},
		{"new ticket, 101 first", false, func(s *session.Session) error { return note.Set(s, "kept") },
			func(t *testing.T, w http.ResponseWriter) error {
				w.Header().Set("Upgrade", "test")
				w.Header().Set("Connection", "Upgrade")
				w.WriteHeader(http.StatusSwitchingProtocols)
				return hijack(t, w, "hello")
			}, false, 1, "101", "kept"},
		{"sign-out, hijacked", true, func(s *session.Session) error { return s.SignOut() },
			func(t *testing.T, w http.ResponseWriter) error {
				return hijack(t, w, raw101+"hello")
			}, true, 1, "200", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newManager(t, newFaultStore(), session.Options{})
			w := newWire(t, false)
			b := newBrowser(t, m)
			if c.signedIn {
				b.signIn("ada")
			}
			header := "Connection: Upgrade\r\nUpgrade: test\r\n"
			if b.ticket() != "" {
				header += "Cookie: " + b.cookieHeader() + "\r\n"
			}
			result := make(chan error, 1)
			text := w.raw(t, header, m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if c.change != nil {
					if err := c.change(session.From(r.Context())); err != nil {
						t.Errorf("change: %v", err)
					}
				}
				err := c.upgrade(t, w)
				if err != nil {
					w.Header().Set("Connection", "close")
				}
				result <- err
			})))
			got := <-result
			if (got != nil) != c.wantErr || c.wantErr && !errors.Is(got, session.ErrTooLate) {
				t.Errorf("hijack: %v, want an error: %v", got, c.wantErr)
			}
			if n := strings.Count(text, "Set-Cookie: "); n != c.wantCookie ||
				!strings.HasPrefix(text, "HTTP/1.1 "+c.wantStatus) {
				t.Errorf("%d cookies, want %d; status %s wanted in\n%s", n, c.wantCookie, c.wantStatus, text)
			}
			if i := strings.Index(text, "Set-Cookie: "); i >= 0 {
				line, _, _ := strings.Cut(text[i+len("Set-Cookie: "):], "\r\n")
				b.keep(line)
			}
			if v := get(b, note); v != c.wantNote {
				t.Errorf("note %q, want %q", v, c.wantNote)
			}
		})
	}
}

// The writer that a handler gets has those optional methods that the one it stands for has, no more and no fewer, and
// whichever of them a handler finds, the ticket is set before the first byte.
//
// Rows: A1, C6
func TestWriterKeepsEveryCombinationOfOptionalMethods(t *testing.T) {
	for _, inner := range innerWriters() {
		t.Run(inner.name, func(t *testing.T) {
			m := newManager(t, newFaultStore(), session.Options{})
			has := func(w http.ResponseWriter) (names []string) {
				if _, ok := w.(http.Flusher); ok {
					names = append(names, "Flusher")
				}
				if _, ok := w.(http.Hijacker); ok {
					names = append(names, "Hijacker")
				}
				if _, ok := w.(io.ReaderFrom); ok {
					names = append(names, "ReaderFrom")
				}
				return names
			}
			for _, use := range []struct {
				name string
				do   func(w http.ResponseWriter)
			}{
				{"flush", func(w http.ResponseWriter) {
					if f, ok := w.(http.Flusher); ok {
						f.Flush()
					}
				}},
				{"controller", func(w http.ResponseWriter) { _ = http.NewResponseController(w).Flush() }},
				{"copy", func(w http.ResponseWriter) {
					_, _ = io.Copy(w, struct{ io.Reader }{strings.NewReader("hello")})
				}},
				{"write string", func(w http.ResponseWriter) { _, _ = io.WriteString(w, "hello") }},
				{"write", func(w http.ResponseWriter) { _, _ = w.Write([]byte("hello")) }},
				{"hijack", func(w http.ResponseWriter) {
					if conn, _, err := http.NewResponseController(w).Hijack(); err == nil && conn != nil {
						_ = conn.Close()
					}
				}},
			} {
				t.Run(use.name, func(t *testing.T) {
					rec := &firstByte{ResponseRecorder: httptest.NewRecorder()}
					outer := inner.wrap(rec)
					m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						if got, want := has(w), has(outer); inner.exact && !slices.Equal(got, want) {
							t.Errorf("the handler's writer has %v, the inner one %v", got, want)
						}
						_ = note.Set(session.From(r.Context()), "x")
						use.do(w)
					})).ServeHTTP(outer, httptest.NewRequest(http.MethodGet, "/", nil))
					sent := rec.Header()
					if rec.sent != nil {
						sent = rec.sent
					}
					if n := len(sent["Set-Cookie"]); n != 1 {
						t.Errorf("%d cookies when the first byte went out, want 1", n)
					}
				})
			}
		})
	}
}

// A write that the client no longer reads is the handler's error, and no reason to lose what was saved.
//
// Rows: I2
func TestSavedChangesSurviveALostClient(t *testing.T) {
	m := newManager(t, newFaultStore(), session.Options{})
	b := newBrowser(t, m)
	b.signIn("ada")
	ctx, cancel := context.WithCancel(t.Context())
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/", nil)
	a := b.send(r, func(w http.ResponseWriter, r *http.Request) {
		_ = note.Set(session.From(r.Context()), "kept")
		cancel()
		_, _ = io.WriteString(w, "hello")
	})
	if a.status != http.StatusOK || get(b, note) != "kept" {
		t.Errorf("answer %s, note %q; a client that hangs up does not undo a change", describe(a), get(b, note))
	}
}

// Browsers drop the cookies that come with a Clear-Site-Data of theirs, so the ticket does not arrive.
func TestTicketThatTheSameResponseDeletesIsReported(t *testing.T) {
	for clear, reported := range map[string]bool{"": false, `"cache"`: false, `"cookies"`: true, `"*"`: true} {
		var events recorder
		m := newManager(t, memory.New(), session.Options{Events: event.NewQueue(events.observe)})
		newBrowser(t, m).visit(func(w http.ResponseWriter, r *http.Request) {
			if clear != "" {
				w.Header().Set("Clear-Site-Data", clear)
			}
			if err := session.From(r.Context()).SignIn("ada"); err != nil {
				t.Error(err)
			}
		})
		if got := len(events.of(t, m, event.Undelivered)) == 1; got != reported {
			t.Errorf("%q: reported %t, want %t", clear, got, reported)
		}
	}
}
