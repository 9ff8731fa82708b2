// Package storetest checks a store against the contract in package store.
//
// A type is a store if it passes. Hand over a function for an empty store, and run it with the race detector:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) store.Store { return memory.New() })
//	}
//
// If a store promises to outlive its process, fill in a [Harness]: it tells the suite how to open the store again.
//
// Each case is one promise. When a case fails, the log says why the promise matters. Cases for a missing optional
// interface, [store.Feed] or [store.Peeker], are skipped by name, and so are those for the methods CreateMany and Scan,
// which a store may have for being filled and read as a whole: see package [coatcheck.dev/store/sql].
//
// The suite runs against stores in other processes too. It needs no clocks but the times in the records and the
// process's own, for the beats of a feed. Where a store may be late, as with notices of a feed, the suite waits.
package storetest

import (
	"context"
	"testing"
	"time"

	"coatcheck.dev/store"
)

// A Harness gives the suite its stores, and ways to restart and damage them. New is required.
type Harness struct {
	// New returns an empty store for one case alone. It registers its own cleanup with t.
	New func(t *testing.T) store.Store

	// Reopen ends the use of a store in an orderly way and opens its records again, as a restart of the program
	// does. Leave it nil if the store promises no more than the life of the process.
	Reopen func(t *testing.T, s store.Store) store.Store

	// Damage makes a stored record unreadable, as a failing disk or a stranger's UPDATE would. Leave
	// it nil if nothing outside the process can reach the records.
	Damage func(t *testing.T, s store.Store, id store.ID)

	// Demote makes the server of a store refuse writes and go on answering reads, as a replica does. restore
	// undoes that. Leave it nil if there is no such server.
	Demote func(t *testing.T, s store.Store) (restore func())
}

// Run checks the stores of newStore. Each case gets an empty store of its own.
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
	{"live", liveCases},
	{"sweep", sweepCases},
	{"ownership", ownershipCases},
	{"limits", limitCases},
	{"cancellation", cancelCases},
	{"concurrency", concurrencyCases},
	{"feed", feedCases},
	{"peek", peekCases},
	{"cutoffs", notBeforeCases},
	{"bulk", bulkCases},
	{"durability", durabilityCases},
	{"demotion", demotionCases},
}

// Limits of a case and of waiting for a notice. No store in order comes near them.
const (
	caseLimit   = 2 * time.Minute
	noticeLimit = 10 * time.Second
)

// newTrial prepares one run of a case. Failures go to tb; t is the test with the harness's cleanups.
func newTrial(tb testing.TB, t *testing.T, h Harness) *trial {
	ctx, cancel := context.WithTimeout(t.Context(), caseLimit)
	t.Cleanup(cancel)
	return &trial{TB: tb, t: t, harness: h, ctx: ctx, s: h.New(t), late: noticeLimit}
}
