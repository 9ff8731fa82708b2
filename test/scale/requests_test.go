package scale

import (
	"errors"
	"math"
	mathrand "math/rand/v2"
	"slices"
	"testing"
	"time"

	"coatcheck.dev/session"
	"coatcheck.dev/store"
	"coatcheck.dev/store/near"
	"coatcheck.dev/test/scale/figures"
)

// micros is a time in microseconds, to a tenth.
func micros(d time.Duration) float64 { return float64(d/100) / 10 }

// at returns the time that a share of all, in thousandths, did not take longer than. It sorts them.
func at(times []time.Duration, thousandth int) time.Duration {
	slices.Sort(times)
	return times[(len(times)-1)*thousandth/1000]
}

// lists lists one user's sessions in either place in turn.
func lists(t *testing.T, small store.Store, fewOf *population, all store.Store, c *population) figures.List {
	var times [2][]time.Duration
	for i := range 1000 {
		for place, from := range []struct {
			st store.Store
			n  int
		}{{small, len(fewOf.ids)}, {all, len(c.ids)}} {
			user := userName(mathrand.IntN(from.n / perUser))
			began := time.Now()
			found, err := from.st.List(ctx, store.Query{User: user})
			took := time.Since(began)
			must(t, err)
			if len(found) != perUser {
				t.Fatalf("%d sessions of %s, want %d", len(found), user, perUser)
			}
			if i >= 100 { // by then they are warm
				times[place] = append(times[place], took)
			}
		}
	}
	return figures.List{FewOf: few, Few: micros(at(times[0], 500)), All: micros(at(times[1], 500))}
}

// bare is a store without its feed, so that nothing but the requests asks it.
type bare struct{ store.Store }

// visits are browsers in front of a store with a cache, and in front of one whose cache never keeps anything.
type visits struct {
	hit, miss *site
	users     int
	cookies   []string // of those that are signed in
	visitors  []string // of those that are not, and have a session
}

func newVisits(t *testing.T, st store.Store, c *population) *visits {
	kept := near.New(bare{st}, near.Options{Lease: time.Hour})
	t.Cleanup(kept.Close)
	forgetful := near.New(bare{st}, near.Options{Lease: 1})
	t.Cleanup(forgetful.Close)
	v := &visits{hit: newSite(t, kept), miss: newSite(t, forgetful), users: len(c.ids) / perUser}
	for range min(500, len(c.ids)/10) {
		v.cookies = append(v.cookies, v.hit.signIn(v.anyone()))
		v.visitors = append(v.visitors, v.hit.serve("", func(s *session.Session) error {
			return cart.Set(s, []string{"tea"})
		}))
	}
	return v
}

func (v *visits) anyone() string { return userName(mathrand.IntN(v.users)) }

func readUser(s *session.Session) error {
	if s.User() == "" {
		return errors.New("not signed in")
	}
	return nil
}

// requests measures each kind of request one by one, through the middleware and a cache of package near.
func requests(t *testing.T, g *engine, st store.Store, c *population, e *figures.Engine) {
	v := newVisits(t, st, c)
	for _, k := range []struct {
		name string
		do   func(i int)
	}{
		{"read, kept near", func(i int) { v.hit.serve(v.cookies[i], readUser) }},
		{"read, not kept", func(i int) { v.miss.serve(v.cookies[i], readUser) }},
		{"write", func(i int) {
			v.hit.serve(v.cookies[i], func(s *session.Session) error { return views.Set(s, i) })
		}},
		{"sign-in", func(int) { v.hit.signIn(v.anyone()) }},
		{"sign-in from a visitor's session", func(i int) {
			v.hit.serve(v.visitors[i], func(s *session.Session) error {
				return s.SignIn(v.anyone(), session.By("password"))
			})
		}},
		{"list of a user", func(int) {
			_, err := v.hit.List(ctx, v.anyone())
			must(t, err)
		}},
		{"sign-out", func(i int) { v.hit.serve(v.cookies[i], (*session.Session).SignOut) }},
	} {
		e.Requests = append(e.Requests, observe(g, k.name, len(v.cookies), 1, k.do))
	}
	const batch = 1000
	e.Requests = append(e.Requests, observe(g, "touches, in batches of 1,000", 20, batch, func(int) {
		must(t, st.Touch(ctx, c.seen(batch)))
	}))
}

// seen is n of the sessions, used now.
func (c *population) seen(n int) []store.Seen {
	seen := make([]store.Seen, n)
	for i := range seen {
		seen[i] = store.Seen{ID: c.ids[mathrand.IntN(len(c.ids))], At: time.Now()}
	}
	return seen
}

// observe does something n times, and says what each part of it takes.
func observe(g *engine, kind string, n, parts int, do func(int)) figures.Request {
	times := make([]time.Duration, n)
	per := func(count func() int64, counted int64) float64 {
		if count == nil {
			return 0
		}
		return round(float64(count()-counted)/float64(n*parts), 4)
	}
	var commands, trips int64
	if g.commands != nil {
		commands = g.commands() + 1 // the question itself
	}
	if g.trips != nil {
		trips = g.trips()
	}
	for i := range times {
		began := time.Now()
		do(i)
		times[i] = time.Since(began)
	}
	return figures.Request{
		Kind: kind, Trips: per(g.trips, trips), Commands: per(g.commands, commands),
		Median: micros(at(times, 500) / time.Duration(parts)), P99: micros(at(times, 990) / time.Duration(parts)),
	}
}

func round(x float64, digits int) float64 {
	scale := math.Pow10(digits)
	return math.Round(x*scale) / scale
}

const rounds = 5 // of the throughput; the best one counts, as others use the machine

// throughput has many callers load and save for a while.
func throughput(t *testing.T, st store.Store, c *population, e *figures.Engine) {
	e.Rounds = rounds
	n := min(len(c.ids), 20_000)
	for range rounds {
		loads := together(t, n, func(int) error {
			_, err := st.Load(ctx, c.ids[mathrand.IntN(len(c.ids))])
			return err
		})
		records := make([]store.Record, n/2)
		for i, k := range mathrand.Perm(len(c.ids))[:len(records)] {
			var err error
			records[i], err = st.Load(ctx, c.ids[k])
			must(t, err)
		}
		saves := together(t, len(records), func(i int) error { return st.Save(ctx, records[i]) })
		e.Loads, e.Saves = max(e.Loads, math.Round(loads)), max(e.Saves, math.Round(saves))
	}
}
