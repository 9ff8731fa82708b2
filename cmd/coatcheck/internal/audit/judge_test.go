package audit_test

import (
	"strings"
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/audit"
	"coatcheck.dev/cookie"
	"coatcheck.dev/state"
)

// What differs from a declaration is drift, each difference by its rule.
func TestCompare(t *testing.T) {
	inv := state.NewInventory()
	for _, e := range []state.Entry{
		{Name: "id", Place: state.InCookie, Purpose: state.Analytics, Lifetime: time.Hour,
			Attributes: &state.Attributes{Path: "/", Secure: true, HttpOnly: true, SameSite: cookie.SameSiteLax}},
		{Name: "_ga_*", Place: state.InThirdPartyCookie, Host: "video.example", Purpose: state.Essential},
		{Name: "theme", Place: state.InLocalStorage, Purpose: state.Preference},
	} {
		e.Description = "a test"
		inv.Declare(e)
	}
	lax := func(change func(*audit.Item)) *audit.Item {
		i := &audit.Item{Kind: state.KindCookie, Name: "id", Place: "shop.example", Path: "/",
			Scenes:     []string{"after an agreement"},
			Attributes: &audit.Attributes{Secure: true, HTTPOnly: true, SameSite: "Lax", Lifetime: 3600}}
		change(i)
		return i
	}
	for _, tt := range []struct {
		name  string
		item  *audit.Item
		rules string
	}{
		{"as declared", lax(func(*audit.Item) {}), ""},
		{"a minute longer", lax(func(i *audit.Item) { i.Attributes.Lifetime += 60 }), ""},
		{"undeclared", lax(func(i *audit.Item) { i.Name = "other" }), "undeclared"},
		{"in another place", lax(func(i *audit.Item) { i.Kind = state.KindLocalStorage }), "undeclared"},
		{"before a choice", lax(func(i *audit.Item) { i.Scenes = append(i.Scenes, "before a choice") }),
			"without-consent"},
		{"after a refusal", lax(func(i *audit.Item) { i.Scenes = []string{"after a refusal"} }), "without-consent"},
		{"after a withdrawal", lax(func(i *audit.Item) { i.Scenes = []string{"after a withdrawal"} }),
			"without-consent"},
		{"a year", lax(func(i *audit.Item) { i.Attributes.Lifetime = 365 * 24 * 3600 }), "lifetime"},
		{"insecure", lax(func(i *audit.Item) { i.Attributes.Secure = false }), "attributes"},
		{"for scripts", lax(func(i *audit.Item) { i.Attributes.HTTPOnly = false }), "attributes"},
		{"cross-site", lax(func(i *audit.Item) { i.Attributes.SameSite = "None" }), "attributes"},
		{"partitioned", lax(func(i *audit.Item) { i.Attributes.Partitioned = true }), "attributes"},
		{"another path", lax(func(i *audit.Item) { i.Path = "/app" }), "attributes"},
		{"for hosts below", lax(func(i *audit.Item) { i.Place = ".shop.example" }), "attributes"},
		{"two differences", lax(func(i *audit.Item) { i.Path, i.Attributes.Secure = "/app", false }),
			"attributes attributes"},
		{"third party", &audit.Item{Kind: state.KindThirdPartyCookie, Name: "_ga_1", Place: ".www.video.example",
			ThirdParty: true}, ""},
		{"another third party", &audit.Item{Kind: state.KindThirdPartyCookie, Name: "_ga_1", Place: "ads.example",
			ThirdParty: true}, "undeclared"},
		{"storage of another site", &audit.Item{Kind: state.KindLocalStorage, Name: "theme",
			Place: "https://ads.example", ThirdParty: true}, "undeclared"},
		{"storage", &audit.Item{Kind: state.KindLocalStorage, Name: "theme", Place: "https://shop.example"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := &audit.Audit{Items: []*audit.Item{tt.item}}
			a.Compare(nil)
			if tt.item.Verdict != audit.Unjudged || len(a.Drifts()) != 0 {
				t.Errorf("without an inventory: %s", tt.item.Verdict)
			}
			a.Compare(inv)
			var rules []string
			for _, p := range tt.item.Problems {
				rules = append(rules, p.Rule)
			}
			if got := strings.Join(rules, " "); got != tt.rules {
				t.Errorf("rules %q, want %q: %+v", got, tt.rules, tt.item.Problems)
			}
			if (tt.item.Verdict == audit.Drift) != (tt.rules != "") || (len(a.Drifts()) == 1) != (tt.rules != "") {
				t.Errorf("verdict %s", tt.item.Verdict)
			}
		})
	}
}
