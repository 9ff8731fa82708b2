package chaos

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/test/internal/failing"
)

// The referee sees each kind of foul, and lets go what is none.
func TestRefereeSeesFouls(t *testing.T) {
	n := &node{url: "http://a"}
	for _, tt := range []struct {
		name string
		play func(r *referee, l *life)
		foul string // "" for none
	}{
		{"honest", func(r *referee, l *life) { r.seen(l, n, "ada") }, ""},
		{"signed out", func(r *referee, l *life) { r.seen(l, n, "") }, "signed out"},
		{"somebody else", func(r *referee, l *life) { r.seen(l, n, "bob") }, "taken for"},
		{"being ended", func(r *referee, l *life) { r.ending(l); r.seen(l, n, "") }, ""},
		{"being ended, somebody else", func(r *referee, l *life) { r.ending(l); r.seen(l, n, "bob") }, "taken for"},
		{"emptied", func(r *referee, l *life) { r.empty(func() {}); r.seen(l, n, "") }, ""},
		{"begun while it was emptied", func(r *referee, _ *life) {
			asked := time.Now()
			time.Sleep(time.Second)
			r.empty(func() {})
			r.seen(r.born("bob", "t", asked), n, "")
		}, ""},
		{"begun while it was emptied, and over", func(r *referee, _ *life) {
			asked := time.Now()
			time.Sleep(time.Second)
			r.empty(func() {})
			l := r.born("bob", "t", asked)
			r.buried(l)
			time.Sleep(streamBound + time.Second)
			r.flowed(l, n, r.began)
		}, ""},
		{"begun after it was emptied", func(r *referee, _ *life) {
			r.empty(func() {})
			time.Sleep(time.Second)
			r.seen(r.born("bob", "t", time.Now()), n, "")
		}, "signed out"},
		{"refused when over", func(r *referee, l *life) { r.buried(l); r.haunted(l, n, "", time.Now()) }, ""},
		{"accepted when over", func(r *referee, l *life) {
			r.buried(l)
			r.haunted(l, n, "ada", time.Now())
		}, "takes a ticket"},
		{"stream in time", func(r *referee, l *life) {
			r.buried(l)
			time.Sleep(streamBound)
			r.flowed(l, n, r.began)
		}, ""},
		{"stream too long", func(r *referee, l *life) {
			r.buried(l)
			time.Sleep(streamBound + time.Second)
			r.flowed(l, n, r.began)
		}, "goes on"},
		{"stream of a node that stood still", func(r *referee, l *life) {
			r.buried(l)
			time.Sleep(streamBound + time.Second)
			r.stoodStill()
			r.flowed(l, n, r.began)
		}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := failing.Run(t, func(stand testing.TB) {
					r := newReferee(stand)
					tt.play(r, r.born("ada", "t", time.Now()))
				})
				if v.Failed != (tt.foul != "") || !strings.Contains(v.Said, tt.foul) {
					t.Errorf("failed %v, said %q, want %q", v.Failed, v.Said, tt.foul)
				}
			})
		})
	}
}

// Nobody is haunted before their time.
func TestTombsAreOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := func(int) int { return 0 }
		r := newReferee(t)
		l := r.born("ada", "t", time.Now())
		if got, _ := r.tomb(first); got != nil {
			t.Error("a session that is alive")
		}
		r.buried(l)
		time.Sleep(bound)
		if got, _ := r.tomb(first); got != nil {
			t.Error("a session whose end may not have come around")
		}
		time.Sleep(time.Nanosecond)
		if got, ticket := r.tomb(first); got != l || ticket != "t" {
			t.Errorf("%v %q", got, ticket)
		}
	})
}
