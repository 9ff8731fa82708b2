package console

import (
	"net/http"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/history"
)

// A chart shows one quantity by hours.
type chart struct {
	Name string
	Says string // in words, for those who cannot see it
	Bars []bar
}

// A bar is one hour. Its places are in the units of the picture.
type bar struct {
	X, Y, Width, Height int
	Hour                string // when it began
	Value               count
	Known               bool // whether anybody has counted
}

// A gallery is the page of charts.
type gallery struct {
	Kept   bool // whether there is a history
	Charts []chart
	Since  string
	Table  []tableHour
}

// A tableHour is an hour in the table that says the same as the charts.
type tableHour struct {
	Hour                string
	SignIns, Ends, Live count
	Known               bool
}

const (
	chartHours  = 48
	chartWidth  = 960
	chartHeight = 120
)

// showCharts shows the last two days.
func (c *Console) showCharts(w http.ResponseWriter, r *http.Request) {
	hours, err := c.opts.History.Hours(r.Context(), time.Now(), chartHours)
	if err != nil {
		c.historyFailed(w, r, err)
		return
	}
	g := gallery{Kept: c.opts.History != nil}
	if len(hours) > 0 {
		g.Since = hourName(hours[0].At)
		g.Charts = []chart{
			newChart("Sign-ins", hours, func(h history.Hour) int { return h.SignIns }),
			newChart("Ends", hours, func(h history.Hour) int { return h.Ends }),
			newChart("Live sessions", hours, func(h history.Hour) int { return h.Live }),
		}
	}
	for i := range hours {
		h := hours[len(hours)-1-i]
		g.Table = append(g.Table, tableHour{
			hourName(h.At), count(h.SignIns), count(h.Ends), count(h.Live), h.Live >= 0,
		})
	}
	c.show(w, r, http.StatusOK, "charts", "Charts", g)
}

func hourName(t time.Time) string { return t.UTC().Format("2 Jan, 15:04") }

// newChart draws a bar for each hour. The highest one is as high as the picture.
func newChart(name string, hours []history.Hour, of func(history.Hour) int) chart {
	most, at, last := 0, time.Time{}, 0
	for _, h := range hours {
		if n := of(h); n > most {
			most, at = n, h.At
		}
		last = of(h)
	}
	ch := chart{Name: name, Says: "none in these hours"}
	if most > 0 {
		ch.Says = count(most).String() + " at most, in the hour of " + hourName(at) + "; " +
			count(max(last, 0)).String() + " in this hour"
	}
	width := chartWidth / len(hours)
	for i, h := range hours {
		n := of(h)
		high := max(n, 0) * chartHeight / max(most, 1)
		if n > 0 {
			high = max(high, 2) // so that it can be seen
		}
		ch.Bars = append(ch.Bars, bar{
			X: i * width, Y: chartHeight - high, Width: width - 4, Height: high, Hour: hourName(h.At), Value: count(n),
			Known: n >= 0,
		})
	}
	return ch
}
