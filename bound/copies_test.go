package bound_test

import (
	"maps"
	"net/http"
	"testing"

	"coatcheck.dev/bound"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
	"coatcheck.dev/store/near"
)

// deafNodes are two nodes that share a store and keep copies of what is in it. Neither hears what the other one
// changes.
func deafNodes(t *testing.T) (nodes [2]*site) {
	shared := memory.New()
	for i := range nodes {
		st := near.New(struct{ store.Store }{shared}, near.Options{})
		nodes[i] = siteWith(t, st, session.Options{}, bound.Options{Grace: -1})
	}
	return nodes
}

// at has the browser look at a page of a node, which keeps a copy of its session then.
func (b *browser) at(node *site) {
	b.site.t.Helper()
	b.site = node
	b.get("/")
}

// A browser registers at one node and comes to another for the next cookie, or for a challenge. That one's copy of the
// session knows of no key. It would end what the browser has, for good.
//
// Rows: D5, D9
func TestRefreshAtANodeThatHasNotHeardOfTheRegistration(t *testing.T) {
	for name, challenge := range map[string]bool{"a refresh": false, "a request for a challenge": true} {
		t.Run(name, func(t *testing.T) {
			nodes := deafNodes(t)
			b := nodes[0].browser()
			b.signIn("ada")
			b.at(nodes[1])
			b.site = nodes[0]
			b.register(nil)
			b.site = nodes[1]
			want := http.StatusOK
			a := b.refresh(func(f *forgery) {
				if challenge {
					f.raw, want = func(string) string { return "" }, http.StatusForbidden
				}
			})
			if a.status != want || a.setsBound() == challenge {
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
}

// A refresh leaves the browser before a step-up, and comes to a node that has not heard of that. What it has a copy of
// is no more, but the key lives on, in the session that the browser is about to learn of.
//
// Rows: D5, D9
func TestRefreshAtANodeThatHasNotHeardOfTheStepUp(t *testing.T) {
	nodes := deafNodes(t)
	b := nodes[0].bound("ada")
	b.send("POST", "/again", nil, nil) // the browser does not register anew, and keeps its name for the session
	b.at(nodes[1])
	b.site = nodes[0]
	before := maps.Clone(b.cookies)
	b.send("POST", "/again", nil, nil)
	after := b.cookies
	b.site, b.cookies = nodes[1], before
	a := b.refresh(nil)
	if a.status != http.StatusOK || !a.setsBound() || b.instructions(a)["continue"] == false {
		t.Fatalf("%d %s", a.status, a.body)
	}
	after[boundCookie] = b.cookies[boundCookie]
	b.cookies = after
	for i, node := range nodes {
		b.site = node
		if got := b.get("/").body; got != "ada" {
			t.Errorf("node %d has a page for %q", i, got)
		}
	}
	if told := nodes[1].heard(refusals...); len(told) > 0 {
		t.Errorf("heard %+v", told)
	}

	// A session that has ended is over here, too, and no other session of the user is taken for it.
	nodes[0].bound("ada")
	b.at(nodes[1])
	b.site = nodes[0]
	gone := maps.Clone(b.cookies)
	b.send("POST", "/out", nil, nil)
	b.site, b.cookies = nodes[1], gone
	if in := b.instructions(b.refresh(nil)); in["continue"] != false {
		t.Errorf("after a sign-out: %v", in)
	}
}
