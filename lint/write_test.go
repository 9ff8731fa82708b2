package lint_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/parser"
	"strings"
	"testing"
	"unicode"

	"coatcheck.dev/cookie"
	"coatcheck.dev/lint"
)

// outputs writes a report in every form and returns them. None may hold what a terminal obeys.
func outputs(t *testing.T, r *lint.Report) (text, object, sarif string) {
	t.Helper()
	var a, b, c bytes.Buffer
	for _, err := range []error{r.WriteText(&a, false), r.WriteJSON(&b), r.WriteSARIF(&c)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if i := strings.IndexFunc(a.String(), func(r rune) bool { return unicode.IsControl(r) && r != '\n' }); i >= 0 {
		t.Errorf("the text has a control character at %d", i)
	}
	for _, out := range []*bytes.Buffer{&b, &c} {
		if !json.Valid(out.Bytes()) {
			t.Errorf("no JSON: %s", out)
		}
	}
	return a.String(), b.String(), c.String()
}

func check(lines ...string) *lint.Report {
	return lint.Check([]lint.Response{{URL: shop, SetCookie: lines}}, now)
}

func TestText(t *testing.T) {
	text, _, _ := outputs(t, check("sid=s3cret; Path=/; HttpOnly; Secure; SameSite=Lax; Partitioned; Max-Age=63072000"))
	for _, want := range []string{
		"sid  https://shop.example.com/\n",
		"written   sid=…; Path=/; HttpOnly; Secure; SameSite=Lax; Partitioned; Max-Age=63072000\n",
		"Chrome    kept\n",
		"Safari    dropped: EXCLUDE_INVALID_PARTITIONED (",
		"stored    Domain: (not written) → shop.example.com alone\n",
		"stored    Expires: 2028-11-21T12:00:00Z → 2027-12-27T12:00:00Z\n",
		"warning   partitioned-samesite: ",
		"note      lifetime-capped: ",
		"fix       Set-Cookie: __Host-sid=VALUE; Path=/; ",
		`in Go     cookie.Set(w.Header(), &cookie.Cookie{Name: "__Host-sid", Value: value, Path: "/", ` +
			`MaxAge: 34560000 * time.Second, Secure: true, HttpOnly: true, ` +
			`SameSite: cookie.SameSiteNone, Partitioned: true})`,
		"1 cookie: 0 errors, 2 warnings, 1 note.\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %q in\n%s", want, text)
		}
	}
}

func TestColour(t *testing.T) {
	var b bytes.Buffer
	if err := check("sid=1").WriteText(&b, true); err != nil ||
		!strings.Contains(b.String(), "\x1b[31merror   \x1b[0m  session-httponly") {
		t.Errorf("%v\n%q", err, &b)
	}
}

// Outputs go to logs of CI: values are in none of them, wherever a value hides.
func TestNoValues(t *testing.T) {
	for _, line := range []string{
		"sid=s3cret", "s3cret", "s3cret; Path=x", "a=1, b=s3cret; Path=/", "a=1; Path=/, b=s3cret",
		"sid = s3cret; Expires=0", "a=x s3cret",
		"__Host-a=s3cret; Path=/x", "a=\"s3cret\"; Foo",
	} {
		text, object, sarif := outputs(t, check(line))
		if strings.Contains(text+object+sarif, "s3cret") {
			t.Errorf("%q shows its value:\n%s", line, text)
		}
	}
	secret := *shop
	secret.RawQuery = "token=s3cret"
	text, object, sarif := outputs(t, lint.Check([]lint.Response{{URL: &secret, SetCookie: []string{"sid=1"}}}, now))
	if strings.Contains(text+object+sarif, "s3cret") {
		t.Errorf("the query is shown:\n%s", text)
	}
}

func TestJSON(t *testing.T) {
	_, object, _ := outputs(t, check("sid=1; Path=/; HttpOnly; SameSite=Lax", "__Host-b=2; Secure"))
	var got struct {
		Version int
		Cookies []struct {
			Name     string
			Browsers []struct{ Browser, Verdict, Reason, Section string }
			Findings []struct{ Rule, Severity string }
			Fix      *struct{ Header, Go string }
		}
	}
	if err := json.Unmarshal([]byte(object), &got); err != nil {
		t.Fatal(err)
	}
	if got.Version != 1 || len(got.Cookies) != 2 || len(got.Cookies[0].Findings) != 1 ||
		got.Cookies[0].Findings[0].Rule != "session-secure" {
		t.Fatalf("%+v", got)
	}
	for _, b := range got.Cookies[1].Browsers {
		if b.Browser == "Firefox" || b.Browser == "WebKitGTK" {
			continue // it takes the default path for Path=/; the other knows no prefixes
		}
		if b.Verdict != "dropped" || b.Reason != cookie.ExcludeInvalidPrefix.String() || b.Section == "" {
			t.Errorf("%+v", b)
		}
	}
	if fix := got.Cookies[1].Fix; fix == nil || fix.Header != "__Host-b=VALUE; Path=/; Secure" {
		t.Errorf("fix %+v", fix)
	}
}

// What a response sets, its own Clear-Site-Data takes away: no browser keeps it.
func TestClearSiteData(t *testing.T) {
	report := lint.Check([]lint.Response{
		{URL: shop, SetCookie: []string{"a=1; Secure; Path=/"}, ClearSiteData: []string{`"cookies"`}},
		{URL: shop, SetCookie: []string{"a=1; Secure; Path=/"}, ClearSiteData: []string{`"cache"`}},
	}, now)
	text, _, _ := outputs(t, report)
	if n := strings.Count(text, "Clear-Site-Data of the same response"); n != len(lint.Browsers) ||
		strings.Count(text, "kept") != len(lint.Browsers) {
		t.Errorf("%s", text)
	}
}

func TestSARIF(t *testing.T) {
	_, _, sarif := outputs(t, check("sid=1; Path=/; HttpOnly; SameSite=Lax"))
	var got struct {
		Version string
		Runs    []struct {
			Tool struct {
				Driver struct{ Rules []struct{ ID string } }
			}
			Results []struct {
				RuleID    string
				RuleIndex int
				Level     string
				Locations []struct {
					PhysicalLocation struct{ ArtifactLocation struct{ URI string } }
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(sarif), &got); err != nil {
		t.Fatal(err)
	}
	run := got.Runs[0]
	if got.Version != "2.1.0" || len(run.Tool.Driver.Rules) != len(lint.Rules()) || len(run.Results) != 1 {
		t.Fatalf("%+v", got)
	}
	r := run.Results[0]
	if r.RuleID != "session-secure" || r.Level != "error" || run.Tool.Driver.Rules[r.RuleIndex].ID != r.RuleID ||
		r.Locations[0].PhysicalLocation.ArtifactLocation.URI != "https://shop.example.com/" {
		t.Errorf("%+v", r)
	}
	if _, _, empty := outputs(t, check()); !strings.Contains(empty, `"results": []`) {
		t.Errorf("without findings: %s", empty)
	}
}

// Every fix of a fixture is Go that parses, and a header that all browsers keep.
func TestFixes(t *testing.T) {
	n := 0
	for _, rule := range lint.Rules() {
		for _, c := range lint.Check(fixture(t, rule.ID), now).Cookies {
			fix, ok := c.Fix()
			if !ok {
				continue
			}
			n++
			if _, err := parser.ParseExpr(fix.Go); err != nil {
				t.Errorf("%s: %s: %v", rule.ID, fix.Go, err)
			}
			for _, again := range lint.Check([]lint.Response{{URL: c.URL, SetCookie: []string{fix.Header}}},
				now).Cookies {
				for _, o := range again.Outcomes {
					if !o.Kept() {
						t.Errorf("%s: %s drops %s: %v", rule.ID, o.Browser, fix.Header, o.Reasons)
					}
				}
			}
		}
	}
	if n < 25 {
		t.Errorf("only %d fixtures have a fix", n)
	}
}

func TestTruncated(t *testing.T) {
	lines := make([]string, lint.MaxCookies+1)
	for i := range lines {
		lines[i] = fmt.Sprintf("a%d=1", i)
	}
	report := check(lines...)
	if text, _, _ := outputs(t, report); !report.Truncated || len(report.Cookies) != lint.MaxCookies ||
		!strings.Contains(text, "only 5000 were looked at") {
		t.Errorf("%d cookies, truncated %v", len(report.Cookies), report.Truncated)
	}
}

func TestSeverity(t *testing.T) {
	for s := lint.Note; s <= lint.Error; s++ {
		if got, err := lint.ParseSeverity(s.String()); err != nil || got != s {
			t.Errorf("%s: %v, %v", s, got, err)
		}
	}
	if _, err := lint.ParseSeverity("none"); err == nil {
		t.Error("none is a severity")
	}
}

// Each exclusion that a line can meet has a section.
func TestSections(t *testing.T) {
	for _, rule := range lint.Rules() {
		for _, c := range lint.Check(fixture(t, rule.ID), now).Cookies {
			for _, o := range c.Outcomes {
				for why := range o.Reasons.Exclusions().All() {
					if why.Section() == "" {
						t.Errorf("%s: %s has no section", rule.ID, why)
					}
				}
			}
		}
	}
}
