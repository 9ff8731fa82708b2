package e2e_test

import (
	"bufio"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A visitor who stores nothing costs nothing: no row, no cookie.
func TestWhoStoresNothingCostsNothing(t *testing.T) {
	t.Parallel()
	h := open(t, "demo")
	v := newVisitor(t, h.site)
	pages := []string{"/", "/goods/tea", "/cart", "/login", "/api/me", "/account/", "/nothing", "/assets/shop.css"}
	for i := range 1000 {
		path := pages[i%len(pages)]
		if a := v.get(path); len(a.cookies) > 0 || a.status >= 500 {
			t.Fatalf("GET %s: status %d, Set-Cookie %q", path, a.status, a.cookies)
		}
	}
	// A wrong password and a sign-out of nobody are nothing to keep, either.
	v.do(http.MethodPost, "/login", "user", "ada", "password", "wrong")
	if a := v.post("/logout"); len(a.cookies) > 0 {
		t.Errorf("sign-out of nobody: Set-Cookie %q", a.cookies)
	}
	if n := h.rows(); n != 0 {
		t.Errorf("%d rows", n)
	}
	if got := h.sessions(""); len(got) != 0 {
		t.Errorf("sessions %v", got)
	}
}

func random64(n int) string {
	b := make([]byte, n)
	rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// unknownTicket is well-formed, and nobody's.
func unknownTicket() string { return "1" + random64(16) + random64(24) }

// What is no live session's ticket counts as no ticket: no row, no cookie, no error, and nothing of it is adopted when
// the visitor gets a ticket.
func TestStrangeTickets(t *testing.T) {
	t.Parallel()
	h := open(t, "demo")
	ada, want := signedIn(t, h)
	ticket := ada.ticket()
	last := "A"
	if strings.HasSuffix(ticket, last) {
		last = "Q"
	}
	ended := newVisitor(t, h.site)
	ended.post("/cart", "item", "tea")
	over := ended.ticket()
	ended.signIn("alan")
	ended.post("/logout")

	for name, cookie := range map[string]string{
		"unknown":                   sessionCookie + "=" + unknownTicket(),
		"empty":                     sessionCookie + "=",
		"name alone":                sessionCookie,
		"truncated":                 sessionCookie + "=" + ticket[:54],
		"public part alone":         sessionCookie + "=" + ticket[:23],
		"longer by one":             sessionCookie + "=" + ticket + "A",
		"of 4 KiB":                  sessionCookie + "=1" + strings.Repeat("A", 4<<10),
		"of 30 KiB":                 sessionCookie + "=1" + strings.Repeat("A", 30<<10),
		"another version":           sessionCookie + "=2" + ticket[1:],
		"forged secret":             sessionCookie + "=" + ticket[:23] + random64(24),
		"almost the secret":         sessionCookie + "=" + ticket[:54] + last,
		"another's public part":     sessionCookie + "=1" + random64(16) + ticket[23:],
		"secret before public part": sessionCookie + "=1" + ticket[23:] + ticket[1:23],
		"another alphabet":          sessionCookie + "=" + ticket[:54] + "+",
		"padding":                   sessionCookie + "=" + ticket[:54] + "=",
		"quoted":                    sessionCookie + `="` + ticket + `"`,
		"percent-encoded":           sessionCookie + "=%31" + ticket[1:],
		"space inside":              sessionCookie + "=" + ticket[:20] + " " + ticket[21:],
		"letters of elsewhere":      sessionCookie + "=" + strings.Repeat("é", 27) + "x",
		"bytes of nowhere":          sessionCookie + "=" + strings.Repeat("\xff", 55),
		"twice the right one":       sessionCookie + "=" + ticket + "; " + sessionCookie + "=" + ticket,
		"right one and another":     sessionCookie + "=" + ticket + "; " + sessionCookie + "=" + unknownTicket(),
		"under another name":        "session=" + ticket,
		"in small letters":          strings.ToLower(sessionCookie) + "=" + ticket,
		"SQL":                       sessionCookie + "=1' OR '1'='1",
		"many cookies":              strings.Repeat("a=b; ", 3000) + sessionCookie + "=" + unknownTicket(),
	} {
		t.Run(name, func(t *testing.T) {
			before := h.rows()
			v := newVisitor(t, h.site)
			v.header["Cookie"] = []string{cookie}
			for _, path := range []string{"/", "/cart", "/api/me"} {
				if a := v.get(path); a.status != http.StatusOK || len(a.cookies) > 0 {
					t.Errorf("GET %s: status %d, Set-Cookie %q", path, a.status, a.cookies)
				}
			}
			v.is(nobody)
			if n := h.rows(); n != before {
				t.Errorf("there were %d rows, now %d", before, n)
			}
			v.post("/cart", "item", "cup")
			if got := v.ticket(); len(got) != len(ticket) || strings.Contains(cookie, handle(got)) ||
				strings.Contains(cookie, got[23:]) {
				t.Errorf("the new ticket %q is made of the strange one %q", got, cookie)
			}
		})
	}
	t.Run("just ended", func(t *testing.T) {
		// It may come from a request that was sent before the end. What that wants to store begins no session, as the
		// cookie for it would replace the one that the browser was given in between.
		before := h.rows()
		v := newVisitor(t, h.site).with(over)
		v.is(nobody)
		if a := v.do(http.MethodPost, "/cart", "item", "cup"); a.status >= 500 || len(a.cookies) > 0 ||
			h.rows() != before {
			t.Errorf("status %d, Set-Cookie %q, %d rows instead of %d", a.status, a.cookies, h.rows(), before)
		}
	})
	t.Run("beyond the limit of headers", func(t *testing.T) {
		v := newVisitor(t, h.site).with("1" + strings.Repeat("A", 64<<10))
		if a := v.get("/"); a.status != http.StatusRequestHeaderFieldsTooLarge || len(a.cookies) > 0 {
			t.Errorf("status %d, Set-Cookie %q, want 431 and none", a.status, a.cookies)
		}
	})
	ada.is(want) // whom none of this has signed out
}

// A hundred thousand tickets that are nobody's leave nothing behind: no row, no memory.
func TestGarbageTicketsLeaveMemoryFlat(t *testing.T) {
	t.Parallel()
	const (
		connections = 4
		all         = 100_000
		warm        = all / 10
		// for the collector of garbage; a ticket and 250 bytes kept of each request would be more
		room = 24 << 20
	)
	h := open(t, "demo")
	ada, want := signedIn(t, h)
	throw(t, h, connections, warm)
	before := residentMemory(t, h.PID())
	start := time.Now()
	throw(t, h, connections, all-warm)
	after := residentMemory(t, h.PID())
	t.Logf("%d tickets in %v; resident memory %d KiB before, %d KiB after", all-warm,
		time.Since(start).Round(time.Millisecond), before>>10, after>>10)
	if after > before+room {
		t.Errorf("resident memory grew from %d to %d KiB", before>>10, after>>10)
	}
	if n := h.rows(); n != 1 {
		t.Errorf("%d rows, want that of ada alone", n)
	}
	ada.is(want)
}

// throw sends n requests with garbage tickets, several in one piece on each of some connections that stay open. Half
// of the tickets are well-formed, so that the store is asked for each.
func throw(t testing.TB, h *program, connections, n int) {
	t.Helper()
	const batch = 50
	var left atomic.Int64
	left.Store(int64(n))
	var all sync.WaitGroup
	for range connections {
		c, err := net.Dial("tcp", strings.TrimPrefix(h.site, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		all.Go(func() {
			answers := bufio.NewReader(c)
			for left.Add(-batch) >= 0 {
				var text strings.Builder
				for i := range batch {
					garbage := unknownTicket()
					if i%2 == 0 {
						garbage = random64(1 + i*7)
					}
					fmt.Fprintf(&text, "GET /api/me HTTP/1.1\r\nHost: localhost\r\nCookie: %s=%s\r\n\r\n",
						sessionCookie, garbage)
				}
				if _, err := io.WriteString(c, text.String()); err != nil {
					t.Error(err)
					return
				}
				for range batch {
					if err := isAnswerToNobody(answers); err != nil {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	all.Wait()
}

func isAnswerToNobody(r *bufio.Reader) error {
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if got := strings.TrimSpace(string(text)); res.StatusCode != http.StatusOK || got != nobody.String() ||
		res.Header["Set-Cookie"] != nil {
		return fmt.Errorf("status %d, Set-Cookie %q, %s", res.StatusCode, res.Header["Set-Cookie"], got)
	}
	return nil
}

var residentLine = regexp.MustCompile(`(?m)^VmRSS:\s+(\d+) kB$`)

// residentMemory is what a process has in memory, in bytes.
func residentMemory(t testing.TB, pid int) int {
	t.Helper()
	status, err := os.ReadFile("/proc/" + itoa(pid) + "/status")
	if err != nil {
		t.Fatal(err)
	}
	match := residentLine.FindSubmatch(status)
	if match == nil {
		t.Fatalf("no VmRSS in %s", status)
	}
	n, err := strconv.Atoi(string(match[1]))
	if err != nil {
		t.Fatal(err)
	}
	return n << 10
}
