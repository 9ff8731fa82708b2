package console

import (
	"context"
	"encoding/csv"
	"errors"
	"net/http"
	"net/url"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/ending"
	"coatcheck.dev/cmd/coatcheck/internal/history"
	"coatcheck.dev/cmd/coatcheck/internal/index"
	"coatcheck.dev/cmd/coatcheck/internal/span"
	"coatcheck.dev/internal/visible"
	"coatcheck.dev/store"
)

// A many is the page of a job that ends many sessions: before it starts, while it runs, and of what came of it.
type many struct {
	ending.Job
	Here      string
	Search    string   // the search that it began with
	What      []string // the query in words
	AsOfTime  displayTime
	Began     displayTime
	Ended     count
	Gone      count
	Failed    count
	More      count
	All       count // sessions that are to have their turn
	Handled   count
	Took      string
	Sample    []row
	Problem   string
	Past      string // the history of its ends
	Notice    string
	MaxReason int
}

func manyURL(id string) string { return "/ending/" + url.PathEscape(id) }

// operatorOf is who asks for something, and from where.
func (c *Console) operatorOf(r *http.Request) ending.Operator {
	return ending.Operator{Name: c.operatorName(r), Address: c.address(r)}
}

// noEndings is said while the file of the jobs cannot be opened.
var noEndings = message{"Sessions cannot be ended by a search now",
	"The file that keeps what a search has found and ended cannot be opened. The program's log says why.",
	"/", "Go to the sessions"}

// askEndFound finds out which sessions a search means. Nothing ends by that.
func (c *Console) askEndFound(w http.ResponseWriter, r *http.Request) {
	q, err := index.Parse(r.URL.Query())
	if err != nil || unknownField(r.URL.Query()) != "" {
		c.malformed(w, r, damagedAddress)
		return
	}
	if c.opts.Endings == nil {
		c.say(w, r, http.StatusServiceUnavailable, noEndings)
		return
	}
	j, err := c.opts.Endings.Ask(r.Context(), q, c.operatorOf(r))
	switch {
	case errors.Is(err, ending.ErrNotReady):
		c.say(w, r, http.StatusServiceUnavailable, message{"That has to wait",
			"It is not known yet which sessions there are. Nothing has ended. Please try again in a moment.",
			searchURL(q, ""), "Go back"})
	case err != nil:
		c.jobFailed(w, r, err)
	default:
		http.Redirect(w, r, manyURL(j.ID), http.StatusSeeOther)
	}
}

func (c *Console) jobFailed(w http.ResponseWriter, r *http.Request, err error) {
	c.log.Error("end sessions by query", "error", err)
	c.storeFailed(w, r)
}

// job returns the job that a page is about. A false return means that the request was answered.
func (c *Console) job(w http.ResponseWriter, r *http.Request) (ending.Job, bool) {
	if c.opts.Endings == nil {
		c.say(w, r, http.StatusServiceUnavailable, noEndings)
		return ending.Job{}, false
	}
	j, ok, err := c.opts.Endings.Find(r.PathValue("id"))
	switch {
	case err != nil:
		c.jobFailed(w, r, err)
	case !ok:
		c.say(w, r, http.StatusNotFound, message{"There is nothing to end here",
			"What was found is kept for an hour, unless it is ended. Search again.", "/", "Go to the sessions"})
	}
	return j, ok && err == nil
}

func (c *Console) showJob(w http.ResponseWriter, r *http.Request) {
	if j, ok := c.job(w, r); ok {
		c.showMany(w, r, http.StatusOK, j, "")
	}
}

var manyTitles = map[ending.State]string{
	ending.Asked: "End the sessions that were found", ending.Running: "Sessions are being ended",
	ending.Done: "Sessions have ended", ending.Cancelled: "Cancelled",
}

func (c *Console) showMany(w http.ResponseWriter, r *http.Request, status int, j ending.Job, problem string) {
	now := time.Now()
	p := many{
		Job: j, Here: manyURL(j.ID), Problem: problem, AsOfTime: newDisplayTime(j.AsOf, now),
		Began: newDisplayTime(j.StartedAt, now), Ended: count(j.Ended), Gone: count(j.Gone), Failed: count(j.Failed),
		More: count(j.More), All: count(j.Total()), Handled: count(j.Handled()), MaxReason: ending.MaxReason,
		Past: pastURL(history.Query{Actor: j.By, From: span.At(j.StartedAt), To: span.At(j.FinishedAt)}),
	}
	if !passive(r) {
		p.Notice = c.takeNotice(r)
	}
	if !j.FinishedAt.IsZero() && !j.StartedAt.IsZero() {
		p.Took = j.FinishedAt.Sub(j.StartedAt).Round(time.Second / 10).String()
	}
	p.Search = "/"
	if values, err := url.ParseQuery(j.Query); err == nil {
		if q, err := index.Parse(values); err == nil {
			p.Search = searchURL(q, "")
		}
		for _, name := range index.Names() {
			if text := values.Get(name); text != "" {
				p.What = append(p.What, visible.Text(name+" "+text))
			}
		}
	}
	if j.State == ending.Asked {
		p.Sample = c.sample(r.Context(), j.Sample, now)
	}
	c.show(w, r, status, "many", manyTitles[j.State], p)
}

// sample looks up some of the sessions of a job. Those that have ended meanwhile are left out.
func (c *Console) sample(ctx context.Context, ids []store.ID, now time.Time) (rows []row) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	for _, id := range ids {
		if info, ok, err := c.opts.Sessions.Lookup(ctx, id); err == nil && ok {
			rows = append(rows, newRow(info, c.opts.Sessions.Options(), now))
		}
	}
	return rows
}

// startJob ends what was found.
func (c *Console) startJob(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		c.malformed(w, r, "The form could not be read.")
		return
	}
	j, ok := c.job(w, r)
	if !ok {
		return
	}
	_, err := c.opts.Endings.Start(j.ID, c.operatorOf(r), ending.Order{
		Reason: r.PostForm.Get("reason"), Newer: r.PostForm.Get("newer") == "on", Word: r.PostForm.Get("confirm"),
	})
	var wrong *ending.OrderError
	switch {
	case errors.As(err, &wrong):
		j.Reason = r.PostForm.Get("reason")
		c.showMany(w, r, http.StatusUnprocessableEntity, j, upper(err.Error()))
	case errors.Is(err, ending.ErrNoJob):
		c.say(w, r, http.StatusNotFound, message{"That was too long ago",
			"What was found an hour ago may be something else now. Nothing has ended. Search again.", "/",
			"Go to the sessions"})
	case err != nil:
		c.jobFailed(w, r, err)
	default:
		http.Redirect(w, r, manyURL(j.ID), http.StatusSeeOther)
	}
}

func (c *Console) cancelJob(w http.ResponseWriter, r *http.Request) {
	j, ok := c.job(w, r)
	if !ok {
		return
	}
	if _, err := c.opts.Endings.Cancel(j.ID, c.operatorOf(r)); err != nil {
		c.jobFailed(w, r, err)
		return
	}
	http.Redirect(w, r, manyURL(j.ID), http.StatusSeeOther)
}

// exportJob sends what has become of each session of a job.
func (c *Console) exportJob(w http.ResponseWriter, r *http.Request) {
	j, ok := c.job(w, r)
	if !ok {
		return
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="ended.csv"`)
	out := csv.NewWriter(w)
	_ = out.Write([]string{"session", "outcome"})
	err := c.opts.Endings.Outcomes(j.ID, func(id store.ID, o ending.Outcome) error {
		return out.Write([]string{history.Cell(id.String()), string(o)})
	})
	out.Flush()
	if err != nil || out.Error() != nil {
		panic(http.ErrAbortHandler) // half an export must not look like one
	}
}

// A shownJob is one line of the list of jobs.
type shownJob struct {
	ending.Job
	URL   string
	At    displayTime
	All   count
	Ended count
}

func (c *Console) showJobs(w http.ResponseWriter, r *http.Request) {
	if c.opts.Endings == nil {
		c.say(w, r, http.StatusServiceUnavailable, noEndings)
		return
	}
	jobs, err := c.opts.Endings.Latest()
	if err != nil {
		c.jobFailed(w, r, err)
		return
	}
	now := time.Now()
	var list []shownJob
	for _, j := range jobs {
		j.Reason, j.By = visible.Text(j.Reason), visible.Text(j.By)
		list = append(list, shownJob{j, manyURL(j.ID), newDisplayTime(j.StartedAt, now), count(j.Total()),
			count(j.Ended)})
	}
	c.show(w, r, http.StatusOK, "jobs", "Sessions that were ended together", list)
}
