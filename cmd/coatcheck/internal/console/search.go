package console

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/index"
	"coatcheck.dev/internal/visible"
)

// A searchForm is what the list can be asked for: the fields that are always there, and those that unfold.
type searchForm struct {
	Main, More []searchField
	Open       bool     // the others are to be seen
	Set        []filter // what is asked for, of fields that may be folded
	Any        bool     // anything is asked for
}

// A searchField is one field.
type searchField struct {
	Name, Label, Hint string
	Value             string
	Choices           []choice // of a field that is not typed
	Problem           string
}

// A choice is what a field can be set to.
type choice struct {
	Value, Label string
	Chosen       bool
}

// A filter is a field that is set, in words.
type filter struct {
	Text    string
	Without string // the list without it
}

var yesNo = []choice{{"", "either", false}, {"yes", "yes", false}, {"no", "no", false}}

var mainFields = []searchField{
	{Name: "name", Label: "User", Hint: "how it begins"},
	{Name: "address", Label: "Address", Hint: "192.0.2.0/24"},
	{Name: "browser", Label: "Browser", Hint: "Firefox, Linux"},
}

var moreFields = []searchField{
	{Name: "user", Label: "User, exactly", Hint: "capitals matter"},
	{Name: "handle", Label: "Ticket", Hint: "or how it begins"},
	{Name: "label", Label: "Label", Hint: "the old laptop"},
	{Name: "method", Label: "Signed in by", Hint: "password"},
	{Name: "level", Label: "Level", Hint: "2"},
	{Name: "signed_in", Label: "Signed in", Choices: yesNo},
	{Name: "remembered", Label: "Remembered", Choices: yesNo},
	{Name: "bound", Label: "Bound to a device", Choices: yesNo},
	{Name: "created_after", Label: "Started after", Hint: "2026-11-24 or 2h"},
	{Name: "created_before", Label: "Started before", Hint: "2026-11-24T15:04"},
	{Name: "seen_after", Label: "Last seen after", Hint: "30m"},
	{Name: "seen_before", Label: "Last seen before", Hint: "3d"},
	{Name: "ends_after", Label: "Ends after", Hint: "2h from now"},
	{Name: "ends_before", Label: "Ends before", Hint: "1w from now"},
	{Name: "sort", Label: "Sorted by", Choices: orders()},
}

// sorted has what a list is sorted by, in words, from the first to the last and the other way round.
var sorted = map[string][2]string{
	"created":    {"oldest first", "newest first"},
	"seen":       {"longest unseen first", "last seen first"},
	"ends":       {"next to end first", "last to end first"},
	"user":       {"by user", "by user, Z to A"},
	"address":    {"by address", "by address, highest first"},
	"browser":    {"by browser", "by browser, Z to A"},
	"label":      {"by label", "by label, Z to A"},
	"method":     {"by method", "by method, Z to A"},
	"level":      {"lowest level first", "highest level first"},
	"signed_in":  {"visitors first", "signed in first"},
	"remembered": {"remembered last", "remembered first"},
	"bound":      {"bound last", "bound first"},
}

func inWords(s index.Sort) string {
	words := sorted[strings.TrimPrefix(s.String(), "-")]
	if s.Ascending {
		return words[0]
	}
	return words[1]
}

func orders() (all []choice) {
	for _, by := range index.Sorts {
		up, down := index.Sort{By: by, Ascending: true}, index.Sort{By: by}
		first := choice{Value: down.String(), Label: inWords(down)}
		second := choice{Value: up.String(), Label: inWords(up)}
		if by != "created" && by != "seen" && by != "level" {
			first, second = second, first
		}
		if by == "created" {
			first.Value = "" // what a URL does not name
		}
		all = append(all, first, second)
	}
	return all
}

// newSearchForm shows what was asked for, and what is wrong with it.
func newSearchForm(given url.Values, q index.Query, wrong *index.FieldError) (f searchForm) {
	fill := func(fields []searchField) []searchField {
		fields = slices.Clone(fields)
		for i := range fields {
			field := &fields[i]
			if value := given.Get(field.Name); visible.Plain(value) {
				field.Value = value
			}
			if wrong != nil && wrong.Field == field.Name {
				field.Problem = strings.ToUpper(wrong.Want[:1]) + wrong.Want[1:] + "."
			}
			field.Choices = slices.Clone(field.Choices)
			for j := range field.Choices {
				field.Choices[j].Chosen = field.Choices[j].Value == field.Value
			}
		}
		return fields
	}
	f.Main, f.More = fill(mainFields), fill(moreFields)
	values := q.Values()
	for _, field := range f.More {
		f.Open = f.Open || field.Problem != ""
		value := values.Get(field.Name)
		if value == "" || field.Name == "sort" {
			continue
		}
		without := q.Values()
		without.Del(field.Name)
		f.Set = append(f.Set, filter{
			fmt.Sprintf("%s: %s", field.Label, visible.Text(value)), "/" + asQuery(without),
		})
	}
	f.Any = len(values) > 0 || wrong != nil
	return f
}

func asQuery(values url.Values) string {
	if len(values) == 0 {
		return ""
	}
	return "?" + values.Encode()
}

// searchURL is the URL of a page of what a query finds.
func searchURL(q index.Query, after string) string {
	values := q.Values()
	if after != "" {
		values.Set("after", after)
	}
	return "/" + asQuery(values)
}

// A heading stands over a column.
type heading struct {
	Label string
	URL   string // sorts by it; empty if that cannot be done
	Order string // ascending or descending, if the list is sorted by it
}

// headings are those of the columns that a list can be sorted by; a second press turns the order around.
func headings(q index.Query) []heading {
	all := []heading{{Label: "Ticket"}}
	for _, c := range []struct{ label, by string }{
		{"User", "user"}, {"Started", "created"}, {"Last seen", "seen"}, {"Address", "address"}, {"Browser", "browser"},
	} {
		next := index.Sort{By: c.by, Ascending: c.by != "created" && c.by != "seen"}
		h := heading{Label: c.label}
		if now := q.Sort; strings.TrimPrefix(now.String(), "-") == c.by {
			h.Order, next.Ascending = "descending", true
			if now.Ascending {
				h.Order, next.Ascending = "ascending", false
			}
		}
		if next == (index.Sort{By: "created"}) {
			next = index.Sort{}
		}
		q := q
		q.Sort = next
		h.URL = searchURL(q, "")
		all = append(all, h)
	}
	return all
}

// plainHeadings are those of a list that can only be newest first.
var plainHeadings = []heading{
	{Label: "Ticket"}, {Label: "User"}, {Label: "Started"}, {Label: "Last seen"}, {Label: "Address"},
	{Label: "Browser"},
}

// doubts says up to when a list is true, if that is not now.
func doubts(s index.Status, fresh bool, now time.Time) string {
	asOf := now
	if !s.AsOf.IsZero() {
		asOf = s.AsOf
	}
	at := asOf.UTC().Format("2 January 2006, 15:04:05 UTC")
	switch {
	case !fresh:
		return "The store does not answer. This is what was known on " + at + "."
	case s.AsOf.IsZero():
		return ""
	case s.Checking:
		return fmt.Sprintf("What has changed since %s is being looked for: %v of %v sessions are compared. Until then "+
			"some may be missing here.", at, count(s.Done), count(s.Of))
	}
	return "What has changed since " + at + " may be missing here: the store does not tell it just now."
}

// buildingNow says how far the index is that a search needs.
func buildingNow(s index.Status) string {
	return fmt.Sprintf("The index of sessions is being built: %v of %v. Until it is there, the list is newest first, "+
		"and only one user's exact name can be looked for.", count(s.Done), count(max(s.Of, s.Done)))
}
