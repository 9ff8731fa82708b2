package bound_test

import (
	"net/http"
	"sync"
	"testing"

	"coatcheck.dev/bound"
)

// Two tabs, or a browser and a thief, answer one offer at the same moment, each with a key of its own: one is taken,
// and the others are told that theirs is not. The session goes on with that one key.
//
// Rows: D10, D5
func TestParallelRegistrations(t *testing.T) {
	s := newSite(t, bound.Options{Grace: -1})
	b := s.browser()
	b.signIn("ada")
	var mu sync.Mutex
	var group sync.WaitGroup
	var taken []*browser
	statuses := map[int]int{}
	const tabs = 16
	for range tabs {
		c := b.copied()
		group.Go(func() {
			a := c.register(nil)
			mu.Lock()
			defer mu.Unlock()
			statuses[a.status]++
			if a.setsBound() {
				taken = append(taken, c)
			}
		})
	}
	group.Wait()
	if statuses[http.StatusOK] != 1 || statuses[http.StatusUnauthorized] != tabs-1 || len(taken) != 1 {
		t.Fatalf("statuses %v, %d bound cookies", statuses, len(taken))
	}
	if got := taken[0].get("/").body; got != "ada" {
		t.Errorf("a page for %q", got)
	}
	if a := taken[0].refresh(nil); a.status != http.StatusOK || !a.setsBound() {
		t.Errorf("refresh: %d %s", a.status, a.body)
	}
	if got := b.get("/").body; got != "" {
		t.Errorf("without the bound cookie: a page for %q", got)
	}
}

// Another spelling of the guard's addresses is either theirs or the application's, and nobody gets in by it without the
// bound cookie.
//
// Rows: D5
func TestOddAddresses(t *testing.T) {
	s := newSite(t, bound.Options{Grace: -1, Open: []string{"/help/"}})
	b := s.bound("ada")
	thief := b.copied()
	delete(thief.cookies, boundCookie)
	for _, path := range []string{
		"/.Well-Known/coatcheck-bound/x", "/.WELL-KNOWN/COATCHECK-BOUND/refresh", "/.well-known/coatcheck-bound",
		"/.well-known//coatcheck-bound/x", "//.well-known/coatcheck-bound/x", "/.well-known/coatcheck-bound/../account",
		"/.well-known/coatcheck-bound/%2e%2e/account", "/.well-known/coatcheck-bound/..%2faccount",
		"/.well-known/coatcheck-bound/%5c..%5caccount", "/help/%2e%2e/account", "/help/..%2faccount",
		"/help/..;/account", "/help/.%2e/account", "/help%2f..%2faccount", "/HELP/", "/help/%252e%252e/account",
		"/help/%252E%252E%252Faccount", "/help/..%255caccount",
	} {
		if a := thief.get(path); a.body == "ada" {
			t.Errorf("%s: a ticket alone gets a page for ada", path)
		}
	}
	for _, path := range []string{"%72efresh", "refresh?x=1", "refresh?"} {
		a := b.refresh(func(f *forgery) { f.path = prefix + path })
		if a.status != http.StatusOK || !a.setsBound() {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	for _, path := range []string{"REFRESH", "refresh/", "refresh%00", "/refresh", "refresh;x"} {
		if a := b.refresh(func(f *forgery) { f.path = prefix + path }); a.setsBound() {
			t.Errorf("%s: %d, and a bound cookie", path, a.status)
		}
	}
}
