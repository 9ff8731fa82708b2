package index

import (
	"encoding/base64"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/cases"

	"coatcheck.dev/bound"
	"coatcheck.dev/cmd/coatcheck/internal/network"
	"coatcheck.dev/cmd/coatcheck/internal/span"
	"coatcheck.dev/devices"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

// A Query says which live sessions are meant, and in what order. The zero value is all of them, newest first. A session
// has to fit every field that is set. Queries can be compared with ==.
type Query struct {
	User    string       // this user, exactly
	Name    string       // users whose names begin so, whatever the capitals
	Handle  string       // the handle, or how it begins
	Address netip.Prefix // a network, or one address
	Browser string       // is in the name of the browser and the system or in the label, whatever the capitals
	Label   string       // is in the label that the app gave, whatever the capitals
	Method  string       // by which the user proved last who they are, exactly
	Level   int          // the highest one of the user's proofs; 0 is any

	SignedIn, Remembered, Bound Answer

	Created, Seen Span // relative moments are ago
	Ends          Span // relative moments are ahead

	Sort Sort
}

// An Answer is yes, no, or does not matter.
type Answer uint8

// What a query may say of what is so or is not.
const (
	Either Answer = iota
	Yes
	No
)

func (a Answer) fits(is bool) bool { return a == Either || (a == Yes) == is }

// A Sort is an order. The zero value is newest first.
type Sort struct {
	By        string // one of [Sorts]; empty is "created"
	Ascending bool
}

// Sorts are what sessions can be sorted by.
var Sorts = []string{
	"created", "seen", "ends", "user", "address", "browser", "label", "method", "level", "signed_in", "remembered",
	"bound",
}

func (s Sort) by() string {
	if s.By == "" {
		return Sorts[0]
	}
	return s.By
}

// String returns what a URL has of it: the name, after a minus if it descends.
func (s Sort) String() string {
	if s.Ascending {
		return s.by()
	}
	return "-" + s.by()
}

const maxText = session.MaxUserLen // bytes of a field

// A FieldError says what is wrong with one field of a query, and what to write.
type FieldError struct {
	Field string // its name in a URL
	Given string
	Want  string
}

func (e *FieldError) Error() string {
	return fmt.Sprintf("%s %.60q: %s", e.Field, e.Given, e.Want)
}

// A field is one name in the URL of a query.
type field struct {
	name string
	get  func(*Query) string
	set  func(*Query, string) (want string) // "" if it is good
}

// fields are all of them, in the order of a URL. Fields are never set to "".
var fields = []field{
	{"user", func(q *Query) string { return q.User }, text(func(q *Query) *string { return &q.User })},
	{"name", func(q *Query) string { return q.Name }, text(func(q *Query) *string { return &q.Name })},
	{"handle", func(q *Query) string { return q.Handle }, func(q *Query, s string) string {
		q.Handle = s
		if _, _, ok := handles(s); !ok {
			return "write a handle, or how it begins: up to 22 letters, digits, - and _"
		}
		return ""
	}},
	{"address", func(q *Query) string { return network.Format(q.Address) }, func(q *Query, s string) string {
		p, err := network.Parse(s)
		if err != nil {
			return err.Error()
		}
		q.Address = p
		return ""
	}},
	{"browser", func(q *Query) string { return q.Browser }, text(func(q *Query) *string { return &q.Browser })},
	{"label", func(q *Query) string { return q.Label }, text(func(q *Query) *string { return &q.Label })},
	{"signed_in", func(q *Query) string { return q.SignedIn.word() },
		answer(func(q *Query) *Answer { return &q.SignedIn })},
	{"remembered", func(q *Query) string { return q.Remembered.word() },
		answer(func(q *Query) *Answer { return &q.Remembered })},
	{"bound", func(q *Query) string { return q.Bound.word() }, answer(func(q *Query) *Answer { return &q.Bound })},
	{"method", func(q *Query) string { return q.Method }, text(func(q *Query) *string { return &q.Method })},
	{"level", func(q *Query) string {
		if q.Level == 0 {
			return ""
		}
		return strconv.Itoa(q.Level)
	}, func(q *Query, s string) string {
		n, err := strconv.ParseInt(s, 10, 32)
		if q.Level = int(n); err != nil || n == 0 {
			return "write a level as a number, such as 2"
		}
		return ""
	}},
	{"created_after", when(func(q *Query) *span.Edge { return &q.Created.After }), edge(
		func(q *Query) *span.Edge { return &q.Created.After })},
	{"created_before", when(func(q *Query) *span.Edge { return &q.Created.Before }), edge(
		func(q *Query) *span.Edge { return &q.Created.Before })},
	{"seen_after", when(func(q *Query) *span.Edge { return &q.Seen.After }), edge(
		func(q *Query) *span.Edge { return &q.Seen.After })},
	{"seen_before", when(func(q *Query) *span.Edge { return &q.Seen.Before }), edge(
		func(q *Query) *span.Edge { return &q.Seen.Before })},
	{"ends_after", when(func(q *Query) *span.Edge { return &q.Ends.After }), edge(
		func(q *Query) *span.Edge { return &q.Ends.After })},
	{"ends_before", when(func(q *Query) *span.Edge { return &q.Ends.Before }), edge(
		func(q *Query) *span.Edge { return &q.Ends.Before })},
	{"sort", func(q *Query) string {
		if q.Sort == (Sort{}) {
			return ""
		}
		return q.Sort.String()
	}, func(q *Query, s string) string {
		by, descending := strings.CutPrefix(s, "-")
		if !slices.Contains(Sorts, by) {
			return "sort by one of " + strings.Join(Sorts, ", ") + ", with a - before it for the other direction"
		}
		if q.Sort = (Sort{By: by, Ascending: !descending}); s == "-"+Sorts[0] {
			q.Sort = Sort{}
		}
		return ""
	}},
}

func text(at func(*Query) *string) func(*Query, string) string {
	return func(q *Query, s string) string {
		if *at(q) = s; len(s) > maxText {
			return fmt.Sprintf("it is longer than %d bytes", maxText)
		}
		return ""
	}
}

func answer(at func(*Query) *Answer) func(*Query, string) string {
	return func(q *Query, s string) string {
		switch s {
		case "yes":
			*at(q) = Yes
		case "no":
			*at(q) = No
		default:
			return "write yes or no"
		}
		return ""
	}
}

func (a Answer) word() string { return [...]string{"", "yes", "no"}[a] }

func when(at func(*Query) *span.Edge) func(*Query) string {
	return func(q *Query) string { return at(q).String() }
}

func edge(at func(*Query) *span.Edge) func(*Query, string) string {
	return func(q *Query, s string) string {
		m, ok := span.Parse(s)
		if *at(q) = m; !ok {
			return span.Want
		}
		return ""
	}
}

// Names returns the names of a query's fields in a URL.
func Names() []string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	return names
}

// Blank reports whether a text says nothing for a field, so that [Parse] takes it as missing. A user's name may be of
// spaces.
func Blank(name, text string) bool {
	return text == "" || name != "user" && strings.TrimSpace(text) == ""
}

// Parse reads a query from the values of a URL. Fields that are missing or empty do not matter, and other names are not
// looked at. An error is a [*FieldError], for the first field that is wrong; the fields that are good are in the query
// all the same.
func Parse(values url.Values) (Query, error) {
	var q Query
	var first error
	for _, f := range fields {
		s := values.Get(f.name)
		if f.name != "user" { // a name may have spaces at its ends
			s = strings.TrimSpace(s)
		}
		if s == "" {
			continue
		}
		tried := q
		want := f.set(&tried, s)
		if want == "" && len(values[f.name]) > 1 {
			want = "it stands there more than once"
		}
		if want == "" {
			q = tried
		} else if first == nil {
			first = &FieldError{f.name, s, want}
		}
	}
	return q, first
}

// Values returns what [Parse] reads.
func (q Query) Values() url.Values {
	values := url.Values{}
	for _, f := range fields {
		if s := f.get(&q); s != "" {
			values.Set(f.name, s)
		}
	}
	return values
}

// All reports whether the query means every session, in whatever order.
func (q Query) All() bool {
	q.Sort = Sort{}
	return q == Query{}
}

// Match reports whether a live session is one that the query means at the time now.
func (q Query) Match(i session.Info, now time.Time) bool {
	lo, hi, _ := handles(q.Handle)
	_, isBound := bound.Of(i)
	d := describe(i)
	return (q.User == "" || i.User == q.User) &&
		strings.HasPrefix(fold(i.User), fold(q.Name)) &&
		(q.Name == "" || i.User != "") &&
		slices.Compare(i.Handle[:], lo[:]) >= 0 && slices.Compare(i.Handle[:], hi[:]) <= 0 &&
		(!q.Address.IsValid() || q.Address.Contains(network.Address(i.Device.Address))) &&
		q.Created.ago(now).has(i.CreatedAt) && q.Seen.ago(now).has(i.LastSeen) &&
		q.Ends.ahead(now).has(i.Ends()) &&
		d.fits(&q) && q.Bound.fits(isBound)
}

// A description is what many sessions have in common.
type description struct {
	browser, label, method      string
	level                       int
	signedIn, remembered, bound bool
}

func describe(i session.Info) description {
	_, isBound := bound.Of(i)
	return description{
		browser: devices.Name(i.Device.UserAgent), label: i.Device.Label, method: i.Method, level: i.Level,
		signedIn: i.User != "", remembered: i.Remember, bound: isBound,
	}
}

// shown is the browser as lists name it.
func (d description) shown() string {
	if d.label != "" {
		return d.label
	}
	return d.browser
}

func (d description) fits(q *Query) bool {
	return (q.Method == "" || d.method == q.Method) && (q.Level == 0 || d.level == q.Level) &&
		q.SignedIn.fits(d.signedIn) && q.Remembered.fits(d.remembered) && q.Bound.fits(d.bound) &&
		(q.Label == "" || strings.Contains(fold(d.label), fold(q.Label))) &&
		(q.Browser == "" || strings.Contains(fold(d.label), fold(q.Browser)) ||
			strings.Contains(fold(d.browser), fold(q.Browser)))
}

// fold returns a text without the difference between capitals and small letters.
func fold(s string) string {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return cases.Fold().String(s)
		}
	}
	return strings.ToLower(s)
}

// handles returns the first and the last handle that begin with a text.
func handles(prefix string) (lo, hi store.ID, ok bool) {
	if len(prefix) > store.IDLen {
		return lo, hi, false
	}
	if len(prefix) == store.IDLen {
		id, err := store.ParseID(prefix)
		return id, id, err == nil
	}
	for i, end := range []byte{'A', '_'} {
		text := prefix + strings.Repeat(string(end), store.IDLen-len(prefix))
		b, err := base64.RawURLEncoding.DecodeString(text) // of the last character only two bits count
		if err != nil || len(b) != len(lo) {
			return lo, hi, false
		}
		copy([]*store.ID{&lo, &hi}[i][:], b)
	}
	return lo, hi, true
}
