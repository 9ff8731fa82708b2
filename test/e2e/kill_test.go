package e2e_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"coatcheck.dev/test/internal/proc"
	"coatcheck.dev/test/internal/trial"
)

// What was acknowledged is there after a kill -9 at the moment of the acknowledgement. One visitor signs in, fills the
// cart and signs out, as chance will have it, and the program is killed as soon as the answer is there. Others write
// all the time, so that the database is in the middle of something then: what they were told is there is there, too,
// and of what they were not told at most the one thing that was under way.
func TestKilledRightAfterTheAnswer(t *testing.T) {
	t.Parallel()
	random := trial.Chance(t)
	h := open(t, "demo")
	v := regular{visitor: newVisitor(t, h.site), t: t, want: nobody}
	done := map[string]int{}
	for round := range trial.Times(25, 1000) {
		v.base = h.site
		writers := startWriters(t, h, 3)
		did := v.act(round, random)
		h.Kill()
		writers.stopped()
		done[did]++

		h = h.reopen()
		v.base = h.site
		v.check(h, fmt.Sprintf("round %d, after %s", round, did))
		writers.check(h)
		if t.Failed() {
			break
		}
	}
	t.Logf("rounds: %v", done)
}

// One program at a time has a data folder, and the next one has it as soon as that has ended, however it did. Those who
// only look are not in the way.
func TestADataFolderHasOneProgram(t *testing.T) {
	t.Parallel()
	// A program would ignore SIGHUP if these tests do, as under nohup. What they listen for it does not.
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	h := open(t, "demo")
	v := newVisitor(t, h.site)
	v.signIn("ada")
	for _, s := range []syscall.Signal{syscall.SIGKILL, syscall.SIGHUP, syscall.SIGTERM} {
		second := proc.Start(t, h.Spec)
		if code := second.Wait(); code != 1 || !strings.Contains(second.Output(), "(process "+itoa(h.PID())+" on ") ||
			!strings.Contains(second.Output(), "--data") {
			t.Errorf("a second program ends with %d and says\n%s", code, second.Output())
		}
		for _, args := range [][]string{
			{"doctor", "--data", h.data},
			{"store", "copy", "sqlite:" + h.database(), "sqlite:" + t.TempDir() + "/copy.db"},
		} {
			if code, text := run(t, args...); code != 0 {
				t.Errorf("%q beside a running program ends with %d and says\n%s", args, code, text)
			}
		}
		v.at(h).is(me{"ada", []string{}, "light"})
		h.Signal(s)
		h.Wait()
		h = h.reopen()
	}
}

// A regular is a visitor with a memory: what the program has acknowledged to them.
type regular struct {
	*visitor
	t    testing.TB
	want me
	dead []string // tickets that are good no more
}

// act does one thing that changes something, and returns when the answer is there.
func (v *regular) act(round int, random *rand.Rand) string {
	before := v.ticket()
	switch n := random.IntN(4); {
	case v.want.User == "" && n < 2:
		user := []string{"ada", "alan", "grace"}[random.IntN(3)]
		v.signIn(user)
		v.want.User = user
		if before != "" {
			v.dead = append(v.dead, before)
		}
		return "sign-in"
	case v.want.User != "" && n == 0:
		v.post("/logout")
		v.want = nobody
		v.dead = append(v.dead, before)
		return "sign-out"
	}
	item := "r" + itoa(round)
	v.post("/cart", "item", item)
	v.want.Cart = append(slices.Clone(v.want.Cart), item)
	return "cart"
}

func (v *regular) check(h *program, when string) {
	v.t.Helper()
	if a := v.get("/api/me"); a.status != http.StatusOK || strings.TrimSpace(a.body) != v.want.String() {
		v.t.Errorf("%s: /api/me is %d %s, want %s", when, a.status, a.body, v.want)
	}
	for _, ticket := range v.dead[max(0, len(v.dead)-5):] {
		dead(v.t, h, ticket)
	}
	for _, user := range []string{"ada", "alan", "grace"} {
		var want []string
		if user == v.want.User {
			want = []string{handle(v.ticket())}
		}
		var got []string
		for _, e := range h.sessions(user) {
			got = append(got, e.Handle)
		}
		if !slices.Equal(got, want) {
			v.t.Errorf("%s: sessions of %s are %v, want %v", when, user, got, want)
		}
	}
}

// writers put one thing after the other into their carts until the program is gone.
type writers struct {
	t    testing.TB
	all  []*writer
	ends sync.WaitGroup
}

type writer struct {
	*visitor
	acknowledged []string
}

// startWriters returns when each has a session.
func startWriters(t testing.TB, h *program, n int) *writers {
	t.Helper()
	ws := &writers{t: t}
	for range n {
		w := &writer{visitor: newVisitor(t, h.site)}
		w.post("/cart", "item", "first")
		w.acknowledged = []string{"first"}
		ws.all = append(ws.all, w)
		ws.ends.Go(w.write)
	}
	return ws
}

func (w *writer) write() {
	for i := 0; ; i++ {
		item := "i" + itoa(i)
		a, err := w.try(http.MethodPost, "/cart", "item", item)
		if err != nil || a.status != http.StatusSeeOther {
			return
		}
		w.acknowledged = append(w.acknowledged, item)
	}
}

// stopped returns when all have noticed that the program is gone.
func (ws *writers) stopped() { ws.ends.Wait() }

func (ws *writers) check(h *program) {
	ws.t.Helper()
	for _, w := range ws.all {
		w.base = h.site
		a := w.get("/api/me")
		sure := me{"", w.acknowledged, "light"}
		under := me{"", append(slices.Clone(w.acknowledged), "i"+itoa(len(w.acknowledged)-1)), "light"}
		if got := strings.TrimSpace(a.body); got != sure.String() && got != under.String() {
			ws.t.Errorf("%d things were acknowledged to a visitor who was writing; there is %s", len(w.acknowledged),
				got)
		}
	}
}
