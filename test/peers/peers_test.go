// Package peers shows faults that users of session libraries report, side by side: the same requests in the same order,
// against the libraries that Go programs use most and against Coatcheck. The table says what each does today, in the
// versions that go.mod names. Coatcheck's column is a regression test. A peer that no longer does what its column says
// has been repaired, or was changed: the table, and what documents say of it, is then to be brought up to date.
package peers

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A shape is an order of requests that has been reported to go wrong.
type shape struct {
	name    string
	wire    bool // needs a real connection
	play    func(b *browser) string
	want    string            // what is right, and what Coatcheck does
	instead map[string]string // what peers do that do something else
}

var shapes = []shape{
	{
		name: "logout during a slow read", // CVE-2025-46336 is the same fault elsewhere
		play: logoutDuringSlowRead, want: "signed out",
		instead: map[string]string{
			"scs, idle timeout": "signed in", // the idle timeout makes each request a write, and a write creates
			// the session is the cookie, and signing out only asks the browser to forget it
			"gorilla cookie": "signed in",
		},
	},
	{
		name: "logout during a slow write",
		play: logoutDuringSlowWrite, want: "signed out",
		instead: map[string]string{
			"scs": "signed in", "scs, idle timeout": "signed in", "scs, hashed tokens": "signed in",
			"gorilla files": "signed in", "gorilla cookie": "signed in",
		},
	},
	{
		name: "two requests each write a key of their own",
		play: twoWrites, want: "both kept",
		instead: map[string]string{
			"scs": "one lost", "scs, idle timeout": "one lost", "scs, hashed tokens": "one lost",
			"gorilla files": "one lost", "gorilla cookie": "one lost",
		},
	},
	{
		name: "a new secret while requests run in parallel",
		play: renewDuringParallelRequests, want: "signed in",
		instead: map[string]string{
			"scs": "signed out", "scs, idle timeout": "signed out", "scs, hashed tokens": "signed out",
			"gorilla files": "no such function", "gorilla cookie": "no such function",
		},
	},
	{
		name: "all sessions of a user listed and ended, with only hashes stored",
		play: listAndEnd, want: "signed out",
		instead: map[string]string{
			"scs, hashed tokens": "signed in", // what is deleted is the hash of the hash
			"gorilla files":      "no such function", "gorilla cookie": "no such function",
		},
	},
	{
		name: "a stream that is flushed before its first byte", wire: true,
		play: flushFirst, want: "cookie arrives",
		instead: map[string]string{"scs": "cookie lost", "scs, idle timeout": "cookie lost",
			"scs, hashed tokens": "cookie lost"},
	},
	{
		name: "103 Early Hints before the sign-in", wire: true,
		play: earlyHints, want: "cookie arrives",
		instead: map[string]string{"scs": "cookie lost", "scs, idle timeout": "cookie lost",
			"scs, hashed tokens": "cookie lost"},
	},
	{
		name: "a change after the first byte",
		play: changeAfterFirstByte, want: "kept",
		instead: map[string]string{
			"scs": "lost", "scs, idle timeout": "lost", "scs, hashed tokens": "lost",
			"gorilla cookie": "lost", // it would be in the cookie
		},
	},
	{
		name: "a session ID that the client has chosen",
		play: chosenID, want: "not adopted",
	},
	{
		name: "a session ID that was signed out",
		play: endedID, want: "not adopted",
		instead: map[string]string{"gorilla files": "adopted"}, // what it has signed once is good for ever
	},
}

// Each shape goes as the table says, in each library.
//
// Rows: A1, A15, A16, I4, I5, R3, R4, R5, ASVS 7.5.2
func TestShapesOfPublicReports(t *testing.T) {
	for _, s := range shapes {
		for _, l := range libraries {
			t.Run(s.name+"/"+l.name, func(t *testing.T) {
				play := func(t *testing.T) {
					want, other := s.instead[l.name]
					if !other {
						want = s.want
					}
					switch got := s.play(&browser{t: t, lib: l.open(t)}); {
					case got == want:
					case l.name == "coatcheck":
						t.Errorf("%s; must be %s", got, want)
					default:
						t.Errorf("%s; the table says %s: bring it up to date", got, want)
					}
				}
				if s.wire {
					play(t)
					return
				}
				synctest.Test(t, play)
			})
		}
	}
}

// The table names no library that is not run, and Coatcheck has no column of its own.
func TestTableNamesKnownLibraries(t *testing.T) {
	known := map[string]bool{}
	for _, l := range libraries[1:] {
		known[l.name] = true
	}
	for _, s := range shapes {
		for name := range s.instead {
			if !known[name] {
				t.Errorf("%s: %q is no library", s.name, name)
			}
		}
	}
}

func nothing(visit) {}

func logoutDuringSlowRead(b *browser) string {
	b.signIn("ada")
	slow := b.tab()
	slow.slowly(
		func(s visit) { s.get("x") },
		func() { b.tab().handle(visit.signOut) },
		nothing,
	)
	return signedIn(b.user()) // with the cookie that the slow request was sent with
}

func logoutDuringSlowWrite(b *browser) string {
	b.signIn("ada")
	slow := b.tab()
	slow.slowly(
		nothing,
		func() { b.tab().handle(visit.signOut) },
		func(s visit) { s.put("x", "1"); s.save() },
	)
	return signedIn(slow.user())
}

func twoWrites(b *browser) string {
	b.signIn("ada")
	b.slowly(
		func(s visit) { s.put("x", "1") },
		func() { b.tab().handle(func(s visit) { s.put("y", "2"); s.save() }) },
		visit.save,
	)
	if b.get("x") == "1" && b.get("y") == "2" {
		return "both kept"
	}
	return "one lost"
}

func renewDuringParallelRequests(b *browser) string {
	b.signIn("ada")
	time.Sleep(time.Hour) // long enough for those who renew by themselves
	late := b.tab()       // a request that has its cookie already, and is on its way
	var err error
	b.handle(func(s visit) { err = s.renew() })
	if err != nil {
		return err.Error()
	}
	if late.cookie == b.cookie {
		return "not renewed"
	}
	b.user() // shows the new one
	return signedIn(late.user())
}

func listAndEnd(b *browser) string {
	b.signIn("ada")
	if err := b.lib.revokeAll("ada"); err != nil {
		return err.Error()
	}
	return signedIn(b.user())
}

func flushFirst(b *browser) string {
	b.fetch(func(s visit, w http.ResponseWriter, _ *http.Request) {
		s.signIn("ada")
		if err := http.NewResponseController(w).Flush(); err != nil {
			b.t.Errorf("flush: %v", err)
		}
		_, _ = io.WriteString(w, "data: hello\n\n")
	})
	return arrives(b)
}

func earlyHints(b *browser) string {
	b.fetch(func(s visit, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", "</style.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		s.signIn("ada")
		_, _ = io.WriteString(w, "welcome")
	})
	return arrives(b)
}

func arrives(b *browser) string {
	if b.cookie != "" && b.user() == "ada" {
		return "cookie arrives"
	}
	return "cookie lost"
}

func changeAfterFirstByte(b *browser) string {
	b.signIn("ada")
	b.send(func(s visit, w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "first")
		s.put("x", "1")
		s.save()
	})
	if b.get("x") == "1" {
		return "kept"
	}
	return "lost"
}

// chosenID has somebody sign in with a cookie that looks right, and that nobody was given.
func chosenID(b *browser) string {
	b.signIn("mallory")
	name, real, _ := strings.Cut(b.cookie, "=")
	for _, planted := range []string{flip(real), strings.Repeat("A", len(real))} {
		if adopts(b, name+"="+planted) {
			return "adopted"
		}
	}
	return "not adopted"
}

// endedID has somebody sign in with a cookie that another has planted: that of a session of their own, which has ended.
func endedID(b *browser) string {
	b.signIn("mallory")
	cookie := b.cookie
	b.handle(visit.signOut)
	if adopts(b, cookie) {
		return "adopted"
	}
	return "not adopted"
}

// adopts reports whether the one who has planted a cookie sees what its victim does.
func adopts(b *browser, cookie string) bool {
	victim, attacker := &browser{b.t, b.lib, cookie}, &browser{b.t, b.lib, cookie}
	victim.handle(func(s visit) { s.put("x", "1"); s.save() })
	victim.handle(func(s visit) { s.signIn("ada") })
	return attacker.user() == "ada" || attacker.get("x") != ""
}

// flip returns the text with another character in the middle.
func flip(text string) string {
	i := len(text) / 2
	c := byte('A')
	if text[i] == c {
		c = 'B'
	}
	return text[:i] + string(c) + text[i+1:]
}
