package main

import (
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"slices"
	"time"

	"coatcheck.dev/bench/figures"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
	"coatcheck.dev/store/near"
)

// micros is a time in microseconds, to a tenth.
func micros(d time.Duration) float64 { return float64(d/100) / 10 }

// at returns the time that a share of all, in thousandths, did not take longer than. It sorts them.
func at(times []time.Duration, thousandth int) time.Duration {
	slices.Sort(times)
	return times[(len(times)-1)*thousandth/1000]
}

// lists lists one user's sessions in either place in turn.
func lists(small store.Store, fewOf *crowd, all store.Store, c *crowd) (l figures.List, err error) {
	l.FewOf = few
	var times [2][]time.Duration
	for i := range 1000 {
		for place, from := range []struct {
			st store.Store
			n  int
		}{{small, len(fewOf.ids)}, {all, len(c.ids)}} {
			user := userName(mathrand.IntN(from.n / perUser))
			began := time.Now()
			found, err := from.st.List(ctx, store.Query{User: user})
			if err == nil && len(found) != perUser {
				err = fmt.Errorf("%d sessions of %s, want %d", len(found), user, perUser)
			}
			if err != nil {
				return l, fmt.Errorf("list: %w", err)
			}
			if i >= 100 { // by then they are warm
				times[place] = append(times[place], time.Since(began))
			}
		}
	}
	l.Few, l.All = micros(at(times[0], 500)), micros(at(times[1], 500))
	return l, nil
}

// bare is a store without its feed, so that nothing but the requests asks it.
type bare struct{ store.Store }

// requests measures each kind of request one by one, through the middleware and a cache of package near.
func requests(g *engine, st store.Store, c *crowd, e *figures.Engine) error {
	kept := near.New(bare{st}, near.Options{Lease: time.Hour})
	defer kept.Close()
	forgetful := near.New(bare{st}, near.Options{Lease: 1})
	defer forgetful.Close()
	hit, miss := newSite(kept), newSite(forgetful)
	defer hit.close()
	defer miss.close()

	times := min(500, len(c.ids)/10)
	who := func(i int) string { return userName(mathrand.IntN(len(c.ids) / perUser)) }
	var cookies []string
	for i := range times {
		cookies = append(cookies, hit.signIn(who(i)))
	}
	read := func(s *session.Session) error {
		if s.User() == "" {
			return errors.New("not signed in")
		}
		return nil
	}
	kinds := []struct {
		name string
		each int // how many of it a call does
		do   func(i int) error
	}{
		{"read, kept near", 1, func(i int) error { hit.serve(cookies[i], read); return nil }},
		{"read, not kept", 1, func(i int) error { miss.serve(cookies[i], read); return nil }},
		{"write", 1, func(i int) error {
			hit.serve(cookies[i], func(s *session.Session) error { return views.Set(s, i) })
			return nil
		}},
		{"sign-in", 1, func(i int) error { hit.signIn(who(i)); return nil }},
		{"sign-in from a visitor's session", 1, nil},
		{"list of a user", 1, func(i int) error { _, err := hit.List(ctx, who(i)); return err }},
		{"sign-out", 1, func(i int) error { hit.serve(cookies[i], (*session.Session).SignOut); return nil }},
		{"touches, in batches of 1,000", 1000, func(i int) error { return st.Touch(ctx, c.seen(1000)) }},
	}
	for _, k := range kinds {
		n := times
		switch {
		case k.do == nil:
			visitors := make([]string, times)
			for i := range visitors {
				visitors[i] = hit.serve("", func(s *session.Session) error { return cart.Set(s, []string{"tea"}) })
			}
			k.do = func(i int) error {
				hit.serve(visitors[i], func(s *session.Session) error { return s.SignIn(who(i), session.By("password")) })
				return nil
			}
		case k.each > 1:
			n = 20
		}
		r, err := observe(g, n, k.each, k.do)
		if err != nil {
			return fmt.Errorf("%s: %w", k.name, err)
		}
		r.Kind = k.name
		e.Requests = append(e.Requests, r)
	}
	return nil
}

// seen is n of the sessions, used now.
func (c *crowd) seen(n int) []store.Seen {
	seen := make([]store.Seen, n)
	for i := range seen {
		seen[i] = store.Seen{ID: c.ids[mathrand.IntN(len(c.ids))], At: time.Now()}
	}
	return seen
}

// observe does something n times, and says what each part of it takes.
func observe(g *engine, n, each int, do func(int) error) (r figures.Request, err error) {
	times := make([]time.Duration, n)
	var commands int64
	if g.commands != nil {
		commands = g.commands()
	}
	trips := g.trips()
	for i := range times {
		began := time.Now()
		if err := do(i); err != nil {
			return r, err
		}
		times[i] = time.Since(began)
	}
	per := func(n int64) float64 { return round(float64(n)/float64(len(times)*each), 4) }
	r.Trips = per(g.trips() - trips)
	if g.commands != nil {
		r.Commands = per(g.commands() - commands - 1) // the question itself
	}
	r.Median = micros(at(times, 500) / time.Duration(each))
	r.P99 = micros(at(times, 990) / time.Duration(each))
	return r, nil
}

func round(x float64, digits int) float64 {
	scale := 1.0
	for range digits {
		scale *= 10
	}
	return float64(int64(x*scale+0.5)) / scale
}

const rounds = 5 // of the throughput; the best one counts, as others use the machine

// throughput has many callers load and save for a while.
func throughput(st store.Store, c *crowd, e *figures.Engine) error {
	e.Rounds = rounds
	for range rounds {
		loads, saves, err := rates(st, c)
		if err != nil {
			return err
		}
		e.Loads, e.Saves = max(e.Loads, round(loads, 0)), max(e.Saves, round(saves, 0))
	}
	return nil
}

// rates are those of one round, a second.
func rates(st store.Store, c *crowd) (loads, saves float64, err error) {
	n := min(len(c.ids), 20_000)
	began := time.Now()
	err = together(n, func(int) error { _, err := st.Load(ctx, c.ids[mathrand.IntN(len(c.ids))]); return err })
	if err != nil {
		return 0, 0, fmt.Errorf("load: %w", err)
	}
	loads = float64(n) / time.Since(began).Seconds()
	n /= 2
	records := make([]store.Record, n)
	for i, k := range mathrand.Perm(len(c.ids))[:n] {
		if records[i], err = st.Load(ctx, c.ids[k]); err != nil {
			return 0, 0, fmt.Errorf("load: %w", err)
		}
	}
	began = time.Now()
	if err := together(n, func(i int) error { return st.Save(ctx, records[i]) }); err != nil {
		return 0, 0, fmt.Errorf("save: %w", err)
	}
	return loads, float64(n) / time.Since(began).Seconds(), nil
}
