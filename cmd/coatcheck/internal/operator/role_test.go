package operator_test

import (
	"testing"

	"coatcheck.dev/cmd/coatcheck/internal/operator"
)

// The table is written out here: a slip in one place must not be repeated by the test.
func TestWhoMayDoWhat(t *testing.T) {
	for _, c := range []struct {
		action                             operator.Action
		viewer, support, security, metrics bool
	}{
		{operator.Anybody, true, true, true, true},
		{operator.Look, true, true, true, false},
		{operator.Values, false, false, true, false},
		{operator.EndOne, false, true, true, false},
		{operator.EndMany, false, false, true, false},
		{operator.Begin, false, false, true, false},
		{operator.Push, false, false, true, false},
		{operator.Scrape, false, false, true, true},
		{operator.Self, true, true, true, false},
		{operator.Service, false, false, false, false},
		{"", false, false, false, false},
		{"no such action", false, false, false, false},
	} {
		for role, want := range map[operator.Role]bool{
			operator.Viewer: c.viewer, operator.Support: c.support, operator.Security: c.security,
			operator.Metrics: c.metrics, "": false, "root": false,
		} {
			if c.action == operator.Anybody && role == "" || c.action == operator.Anybody && role == "root" {
				continue // whom no one is asked about
			}
			if got := role.May(c.action); got != want {
				t.Errorf("may %q do %q? %v", role, c.action, got)
			}
		}
	}
}

func TestRolesThatCoverOthers(t *testing.T) {
	const all = "viewer support security metrics"
	for role, want := range map[operator.Role]string{
		operator.Viewer: "viewer", operator.Support: "viewer support", operator.Security: all,
		operator.Metrics: "metrics", "root": "",
	} {
		got := ""
		for _, other := range operator.Roles {
			if role.Covers(other) {
				if got != "" {
					got += " "
				}
				got += string(other)
			}
		}
		if got != want {
			t.Errorf("%s covers %q, want %q", role, got, want)
		}
	}
}

func TestUnknownRouteIsNobodys(t *testing.T) {
	for _, route := range []string{"", "GET /nowhere", "DELETE /{$}", "get /explain"} {
		if a := operator.Needs(route); a != "" {
			t.Errorf("%s takes %q", route, a)
		}
	}
}
