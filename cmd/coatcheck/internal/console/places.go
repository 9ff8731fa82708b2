package console

import (
	"net/http"

	"coatcheck.dev/cmd/coatcheck/internal/operator"
)

// places are the pages that stand in the navigation, each by its pattern.
var places = []struct{ pattern, path, label string }{
	{"GET /{$}", "/", "Sessions"},
	{"GET /history", "/history", "History"},
	{"GET /charts", "/charts", "Charts"},
	{"GET /endings", "/endings", "Endings"},
	{"GET /not-before", "/not-before", "End by time"},
	{"GET /webhooks", "/webhooks", "Webhooks"},
	{"GET /explain", "/explain", "Explain a cookie"},
}

// A signpost is an entry of the navigation.
type signpost struct {
	Path, Label string
	Here        bool // this page is it
}

// placesFor returns the pages that an operator may see.
func placesFor(o *operator.Operator, r *http.Request) (all []signpost) {
	if o == nil {
		return nil
	}
	for _, p := range places {
		if o.Role.May(operator.Needs(p.pattern)) {
			all = append(all, signpost{p.path, p.label, r.URL.Path == p.path})
		}
	}
	return all
}
