// Package storetest checks that a store keeps the contract in package store.
//
// A store is what passes it. Hand over a function that makes an empty store, and run it with the race detector:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) store.Store { return memory.New() })
//	}
//
// A store that promises to outlive its process fills in a [Harness], which tells the suite how to open it again.
//
// Each case is one promise. When a case fails, the log says why the promise matters. Cases for an optional interface
// that the store does not have, [store.Feed] or [store.Peeker], are skipped by name.
//
// The suite runs against stores in other processes too. The only clocks that it needs are those in the records and that
// of the process, by which a feed dates its beats. Where a store may be late, as with notices of a feed, the suite
// waits.
package storetest

import (
	"context"
	"testing"
	"time"

	"coatcheck.dev/store"
)

// A Harness says how to get a store, and what can be done to it. New is required.
type Harness struct {
	// New returns an empty store that nobody else uses. It registers its own cleanup with t.
	New func(t *testing.T) store.Store

	// Reopen ends the use of a store in an orderly way and opens its records again, as a restart of the program
	// does. Leave it nil if the store promises no more than the life of the process.
	Reopen func(t *testing.T, s store.Store) store.Store

	// Damage makes what is stored of a record unreadable, as a failing disk or a stranger's UPDATE would. Leave
	// it nil if nothing outside the process can reach the records.
	Damage func(t *testing.T, s store.Store, id store.ID)
}

// Run checks the stores that newStore makes. Each case gets an empty store of its own.
func Run(t *testing.T, newStore func(t *testing.T) store.Store) {
	t.Helper()
	Harness{New: newStore}.Run(t)
}

// Run checks the stores of the harness. Each case gets an empty store of its own.
func (h Harness) Run(t *testing.T) {
	t.Helper()
	for _, theme := range themes {
		t.Run(theme.name, func(t *testing.T) {
			for _, c := range theme.cases {
				t.Run(c.name, func(t *testing.T) {
					t.Cleanup(func() {
						if t.Failed() {
							t.Logf("why this matters: %s", c.why)
						}
					})
					c.run(newTrial(t, t, h))
				})
			}
		})
	}
}

// A testCase is one promise of the contract, and why it was made.
type testCase struct {
	name string
	why  string
	run  func(*trial)
}

var themes = []struct {
	name  string
	cases []testCase
}{
	{"create", createCases},
	{"save", saveCases},
	{"touch", touchCases},
	{"delete", deleteCases},
	{"list", listCases},
	{"sweep", sweepCases},
	{"ownership", ownershipCases},
	{"limits", limitCases},
	{"cancellation", cancelCases},
	{"concurrency", concurrencyCases},
	{"feed", feedCases},
	{"peek", peekCases},
	{"cutoffs", notBeforeCases},
	{"durability", durabilityCases},
}

// Bounds for what never comes, of a case and of a notice. No store in order comes near them.
const (
	caseLimit   = 2 * time.Minute
	noticeLimit = 10 * time.Second
)

// newTrial prepares one run of a case. Failures go to tb; t is the test that owns what the harness makes.
func newTrial(tb testing.TB, t *testing.T, h Harness) *trial {
	ctx, cancel := context.WithTimeout(t.Context(), caseLimit)
	t.Cleanup(cancel)
	return &trial{TB: tb, t: t, harness: h, ctx: ctx, s: h.New(t), late: noticeLimit}
}
