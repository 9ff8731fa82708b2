package beside

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// each runs a test beside every proxy.
func each(t *testing.T, app http.HandlerFunc, test func(s *setup)) {
	for _, p := range proxies {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			test(start(t, p, app))
		})
	}
}

func TestWhoIsLetIn(t *testing.T) {
	each(t, echo, func(s *setup) {
		page, script := "Accept: text/html", "Accept: application/json"
		v, ada := s.visitor(), s.signedIn("ada")
		for _, c := range []struct {
			path, accept string
			visitor      int
			user         int
		}{
			{"/", page, 200, 200},
			{"/static/a.css", page, 200, 200},
			{"/account/", page, 303, 200},
			{"/account", page, 303, 200},
			{"/account/x?a=b&c=%2F", page, 303, 200},
			{"/ACCOUNT/x", script, 401, 200},
			{"//account/x", script, 401, 200},
			{"/static/../account/x", script, 401, 200},
			{"/static/..%2faccount/x", script, 401, 200},
			{"/account/", script, 401, 200},
		} {
			res := v.get(c.path, c.accept)
			if res.status != c.visitor {
				s.Errorf("%s as a visitor: %d, want %d: %s", c.path, res.status, c.visitor, res.body)
			}
			if res := ada.get(c.path, c.accept); res.status != c.user && !strings.Contains(c.path, "..") {
				s.Errorf("%s as ada: %d, want %d: %s", c.path, res.status, c.user, res.body)
			}
		}
		res := v.get("/account/x?a=b&c=%2F", page)
		to, _ := strings.CutPrefix(res.Header.Get("Location"), "http://"+s.addr)
		if want := "/login?return_to=%2Faccount%2Fx%3Fa%3Db%26c%3D%252F"; to != want {
			s.Errorf("to %s, want %s", to, want)
		}
		if res := v.get("/account/", script); len(res.Header["Www-Authenticate"]) != 1 {
			s.Errorf("challenges: %q", res.Header["Www-Authenticate"])
		}
	})
}

func TestTheAppIsToldWhoItIs(t *testing.T) {
	each(t, echo, func(s *setup) {
		spoofs := []string{
			"Coatcheck-User: eve", "coatcheck-user: eve", "COATCHECK-USER: eve", "Coatcheck_User: eve",
			"coatcheck_user: eve", "Coatcheck-user: mallory", "Coatcheck-Data: {}", "Coatcheck-Session: x",
			"Coatcheck-Bound: yes", "Coatcheck-Csrf-Token: x", "Coatcheck.User: eve", "Coatcheck-User_: eve",
			"X-Original-Uri: /static/", "X-Original-Method: HEAD", "X-Forwarded-Uri: /static/",
			"X-Forwarded-Method: HEAD", "X-Forwarded-Host: evil.example", "X-Forwarded-For: 203.0.113.7",
			"X-Forwarded-Proto: https", "Forwarded: for=203.0.113.7;host=evil.example", "X-Forwarded-Port: 9",
			"X-Original-Url: /static/", "X-Real-Ip: 203.0.113.7",
			"Connection: Coatcheck-User, X-Original-Uri, X-Forwarded-Uri, close",
		}
		const told = `Coatcheck-Data[{"cart":["tea"]}] Coatcheck-User[ada]`
		v, ada := s.visitor(), s.signedIn("ada")
		for _, spoof := range append(spoofs, "X-None: 1") {
			if got := ada.get("/account/", spoof).told(s); got != told {
				s.Errorf("ada with %s: %s, want %s", spoof, got, told)
			}
			if got := v.get("/", spoof).told(s); got != "" && !strings.Contains(spoof, "_:") {
				s.Errorf("a visitor with %s: %s", spoof, got)
			}
			if res := v.get("/account/", spoof); res.status != http.StatusUnauthorized {
				s.Errorf("a visitor with %s: %d", spoof, res.status)
			}
		}
		if res := ada.get("/account/", spoofs...); res.told(s) != told {
			s.Errorf("ada with all: %s", res.body)
		}
		if got := ada.get("/").Header["Set-Cookie"]; len(got) < 2 || got[len(got)-2] != "a=1" && got[0] != "a=1" {
			s.Errorf("the app's cookies: %q", got)
		}
	})
}

// What another site makes a browser send is refused, as at the gate.
func TestOtherSitesAreRefused(t *testing.T) {
	each(t, echo, func(s *setup) {
		const handshake = "Connection: Upgrade|Upgrade: websocket|Sec-Websocket-Version: 13|" +
			"Sec-Websocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
		ada := s.signedIn("ada")
		for _, c := range []struct {
			method  string
			headers string
			want    int
		}{
			{"POST", "Sec-Fetch-Site: same-origin", 200},
			{"POST", "Sec-Fetch-Site: cross-site", 403},
			{"DELETE", "Origin: https://evil.example", 403},
			{"POST", "Origin: https://pay.example", 200},
			{"POST", "Origin: http://" + s.addr, 200},
			{"GET", "Sec-Fetch-Site: cross-site", 200},
			{"GET", handshake + "|Origin: https://evil.example", 403},
			{"GET", "Connection: Upgrade, Coatcheck-User|" + handshake + "|Origin: https://evil.example", 403},
		} {
			if res := ada.do(s.addr, c.method, "/", strings.Split(c.headers, "|")...); res.status != c.want {
				s.Errorf("%s %s: %d, want %d", c.method, c.headers, res.status, c.want)
			}
		}
	})
}

// A rotation signs nobody out, however many tabs there are, and the new ticket reaches the browser.
func TestRotationReachesTheBrowser(t *testing.T) {
	each(t, echo, func(s *setup) {
		ada := s.signedIn("ada")
		time.Sleep(rotateEvery) // the ticket gets old
		before, fresh := ada.ticket, make(chan string, 50)
		var tabs sync.WaitGroup
		for range cap(fresh) {
			tabs.Go(func() {
				tab := &browser{setup: s, ticket: before}
				res := tab.get("/account/", "Accept: text/html", "Sec-Fetch-Mode: navigate")
				if res.status == http.StatusSeeOther && strings.HasSuffix(res.Header.Get("Location"), "/account/") {
					res = tab.get("/account/", "Accept: text/html", "Sec-Fetch-Mode: navigate")
				}
				if res.status != http.StatusOK {
					s.Errorf("a tab got %d to %s", res.status, res.Header.Get("Location"))
				}
				if tab.ticket != before {
					fresh <- tab.ticket
				}
			})
		}
		tabs.Wait()
		if len(fresh) == 0 {
			s.Fatal("no new ticket")
		}
		ada.ticket = <-fresh
		if res := ada.get("/account/"); res.status != http.StatusOK {
			s.Errorf("with the new ticket: %d", res.status)
		}
	})
}

// Nobody is signed out because the store or the program is away.
func TestOutageSignsNobodyOut(t *testing.T) {
	each(t, echo, func(s *setup) {
		ada := s.signedIn("ada")
		away := func(what string) {
			s.Helper()
			// What is in memory is good until its lease ends.
			deadline := time.Now().Add(time.Minute)
			res := ada.get("/account/")
			for res.status == http.StatusOK && time.Now().Before(deadline) {
				res = ada.get("/account/")
			}
			if s.proxy == "traefik" && what == "the program" {
				return // it answers 500, and cannot be told otherwise
			}
			again := res.Header.Get("Retry-After") != "" || s.proxy == "envoy" && what == "the program"
			if res.status != http.StatusServiceUnavailable || !again || res.Header["Set-Cookie"] != nil {
				s.Errorf("without %s: %d %v", what, res.status, res.Header)
			}
		}
		s.store.Kill()
		away("the store")
		if res := ada.get("/static/a"); res.status != http.StatusOK {
			s.Errorf("a public page without the store: %d", res.status)
		}
		if res := ada.get("/open/a"); res.status != http.StatusOK || res.told(s) != "" {
			s.Errorf("an optional page without the store: %d %s", res.status, res.body)
		}
		s.store.Restart()
		deadline := time.Now().Add(time.Minute)
		res := ada.get("/account/")
		for res.status != http.StatusOK && time.Now().Before(deadline) {
			time.Sleep(100 * time.Millisecond)
			res = ada.get("/account/")
		}
		if res.status != http.StatusOK {
			s.Errorf("with the store again: %d %s", res.status, res.body)
		}
		s.prog.Kill()
		away("the program")
	})
}
