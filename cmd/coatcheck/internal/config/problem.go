package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A Problem is one mistake in a configuration.
type Problem struct {
	File         string // "" if it is not in a file
	Line, Column int    // from 1
	Key          string // such as sites[0].cookie.name, or --cookie-name if it is not in the file
	What         string // is wrong, and what to do
}

func (p *Problem) Error() string {
	switch {
	case p.File != "" && p.Key != "":
		return fmt.Sprintf("%s:%d:%d: %s: %s", p.File, p.Line, p.Column, p.Key, p.What)
	case p.File != "":
		return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.What)
	}
	return p.Key + ": " + p.What
}

// Problems returns the mistakes that an error of this package is made of, in the order of the file.
func Problems(err error) (all []*Problem) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			all = append(all, Problems(e)...)
		}
	} else if p := (*Problem)(nil); errors.As(err, &p) {
		all = append(all, p)
	}
	return all
}

func sortByPlace(problems []*Problem) {
	slices.SortStableFunc(problems, func(a, b *Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Key, b.Key))
	})
}

// join makes one error of problems, and nil of none.
func join(problems []*Problem) error {
	sortByPlace(problems)
	errs := make([]error, len(problems))
	for i, p := range problems {
		errs[i] = p
	}
	return errors.Join(errs...)
}

// nearest returns the name that a misspelt one was meant to be, or "".
func nearest(name string, names []string) string {
	plain := func(s string) string {
		return strings.NewReplacer("_", "", "-", "", "s", "").Replace(strings.ToLower(s))
	}
	best, least := "", max(2, len(name)/3)+1
	for _, n := range names {
		d := distance(name, n)
		if plain(n) == plain(name) {
			d = 0
		}
		if d < least {
			best, least = n, d
		}
	}
	return best
}

// distance is how many letters have to be added, removed or replaced to turn one text into another (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := corner
			if a[i] != b[j] {
				replaced++
			}
			corner = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
