package bound

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"coatcheck.dev/bound"
	"coatcheck.dev/event"
	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
	"coatcheck.dev/test/internal/browser"
	"coatcheck.dev/test/internal/trial"
)

// together sends 64 requests at once, again and again for a second. It returns how often that was, and how many of them
// were not answered for ada.
const together = `(async () => {
	let lost = 0, times = 0
	for (const end = Date.now() + 1000; Date.now() < end;) {
		await Promise.all(Array.from({length: 64}, async () => {
			const answer = await fetch("/me", {cache: "no-store"})
			if (answer.status != 200 || await answer.text() != "ada") lost++
		}))
		times++
	}
	return {lost, times}
})()`

// 64 requests at a time run into at least a hundred refreshes of four browsers, and none is lost.
//
// Rows: R5, D7
func TestParallelRequestsDuringRefreshes(t *testing.T) {
	t.Parallel()
	const browsers, refreshes = 4, 25 // not one after the other: each needs two seconds for a refresh
	for i := range browsers {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			t.Parallel()
			opts := short()
			opts.Grace = 15 * time.Second // the requests wait for the processors
			s := newSite(t, nil, opts)
			ada := s.signedIn()
			ada.Navigate(s.url + "/")
			times := 0
			for rounds := 0; len(s.posts("refresh")) < refreshes || times < refreshes; rounds++ {
				sent := browser.Eval[struct{ Lost, Times int }](ada, together)
				if sent.Lost > 0 {
					t.Fatalf("%d requests were lost after %d refreshes: %v",
						sent.Lost, len(s.posts("refresh")), s.told())
				}
				if times += sent.Times; rounds > 300 {
					t.Fatalf("there were only %d refreshes, and 64 requests %d times", len(s.posts("refresh")), times)
				}
			}
			if n := s.count(event.Unproven) + s.count(event.Theft) + s.count(event.BindingSkipped); n > 0 {
				t.Errorf("an honest browser was turned away: %v", s.told())
			}
			t.Logf("%d refreshes, %d requests", len(s.posts("refresh")), len(s.sent()))
		})
	}
}

// stopped is a store that can be stopped.
type stopped struct {
	store.Store
	down atomic.Bool
}

var errDown = errors.New("the store is down")

func (s *stopped) Load(ctx context.Context, id store.ID) (store.Record, error) {
	if s.down.Load() {
		return store.Record{}, errDown
	}
	return s.Store.Load(ctx, id)
}

func (s *stopped) Save(ctx context.Context, r store.Record) error {
	if s.down.Load() {
		return errDown
	}
	return s.Store.Save(ctx, r)
}

// A store that is down during a refresh signs nobody out, and afterwards all goes on.
//
// Rows: D9, R8
func TestStoreStopsDuringARefresh(t *testing.T) {
	t.Parallel()
	st := &stopped{Store: memory.New()}
	s := newSite(t, st, short())
	ada := s.signedIn()
	ada.Navigate(s.url + "/")
	ada.AwaitNoCookie(cookieName)
	st.down.Store(true)
	for range 3 {
		if status := ada.Navigate(s.url + "/"); status != http.StatusServiceUnavailable {
			t.Errorf("while the store is down: status %d", status)
		}
	}
	st.down.Store(false)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(200 * time.Millisecond) {
		status := ada.Navigate(s.url + "/")
		if status == http.StatusOK {
			break
		}
		if status != http.StatusServiceUnavailable || time.Now().After(deadline) {
			t.Fatalf("when the store is there again: status %d", status)
		}
	}
	if got := ada.Text("h1"); got != "ada" {
		t.Errorf("the page is for %q; the browser told %q", got, ada.BindingEvents())
	}
	ada.AwaitNoCookie(cookieName)
	ada.Navigate(s.url + "/")
	if got := ada.Text("h1"); got != "ada" {
		t.Errorf("after another refresh the page is for %q", got)
	}
}

// A host of a site begins a session for all of it, if the site's own host says so.
func TestHostsOfOneSite(t *testing.T) {
	t.Parallel()
	opts := short()
	opts.Site = "shop.test"
	s := start(t)
	origin := strings.Replace(s.url, "shop.test", "eu.shop.test", 1)
	s.open(nil, opts)
	refused := s.visitor()
	refused.Navigate(origin + "/in")
	refused.AwaitBindingEvent("creation SubdomainRegistrationUnauthorized", 1)

	opts.Origins = []string{origin}
	s.open(nil, opts)
	ada := s.visitor()
	ada.Navigate(origin + "/in")
	ada.AwaitBindingEvent("creation Success", 1)
	for range 2 {
		ada.Navigate(origin + "/")
		if got := ada.Text("h1"); got != "ada" {
			t.Errorf("the page is for %q", got)
		}
		ada.AwaitNoCookie("__Secure-session-bound")
	}
}

// With the quota that browsers have, a visitor who clicks every 20 seconds for half an hour is never held up.
//
// Rows: D1
func TestOrdinaryUseKeepsToTheQuota(t *testing.T) {
	if !trial.Torture() {
		t.Skip("it takes half an hour: COATCHECK_TORTURE=1")
	}
	s := newSite(t, nil, bound.Options{})
	ada := browser.Start(t, browser.Options{HostRules: hosts, Flags: browser.DeviceBound(s.spki, true)})
	ada.WatchBinding()
	ada.Navigate(s.url + "/in")
	ada.AwaitBindingEvent("creation Success", 1)
	for began := time.Now(); time.Since(began) < 30*time.Minute; time.Sleep(20 * time.Second) {
		ada.Navigate(s.url + "/")
		if got := ada.Text("h1"); got != "ada" {
			t.Fatalf("after %v the page is for %q; the browser told %q", time.Since(began), got, ada.BindingEvents())
		}
	}
	if n := s.count(event.BindingSkipped); n > 0 {
		t.Errorf("the browser has skipped %d refreshes", n)
	}
	if n := len(s.posts("refresh")); n < 3 {
		t.Errorf("there were only %d refreshes", n)
	}
}
