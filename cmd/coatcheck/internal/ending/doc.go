// Package ending ends all sessions that a query finds, in two steps: first it says which those are, then it ends them.
//
//	jobs, err := ending.Open(ending.Options{Path: path, Sessions: sessions, Finder: index, Feed: store})
//	job, err := jobs.Ask(ctx, query, ending.Operator{Name: "ada"})        // changes nothing: a count and a sample
//	job, err = jobs.Start(job.ID, ending.Order{Reason: "leaked tickets", Word: job.Word()})
//	...
//	job, ok, err := jobs.Find(job.ID)                                     // progress, and then the result
//
// # Which
//
// [Jobs.Ask] writes the handles of all that the query finds at that moment into a file. Those are ended, and no others:
// also those that rotate, are used or change meanwhile, because their handle stays, and those that step up, because
// they are the same session under another handle. A session that begins after that moment is left alone, be it that of
// somebody who has been signed in by such a session again, unless the order says otherwise.
//
// # How
//
// One job runs at a time. Each end is [session.Manager.Revoke], with the operator as who did it and the reason; so the
// log, the history and the store's feed hear of each. A few run at once, with a pause after every batch, which grows as
// the store answers more slowly: requests beside a job must not wait for it.
//
// # What may fail
//
// Before a batch begins, its place is durable. A program that was killed goes on from there when it starts again. Of
// the batch that was under way it may not know who was quicker; what is gone of that counts as ended. A session that
// the store cannot end is tried again twice, and then listed as failed. There is no undo.
package ending
