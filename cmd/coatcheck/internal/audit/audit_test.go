package audit_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/audit"
	"coatcheck.dev/cmd/coatcheck/internal/audit/chromium/chromiumtest"
	"coatcheck.dev/state"
)

const signIn = `
# a comment
open /login
fill input[name=user] with ada
fill input[name=password] with env:PASSWORD
click button
click #more
click #out
`

func script(t *testing.T, name, text string) *audit.Script {
	t.Helper()
	s, err := audit.ReadScript(name, strings.NewReader(text),
		func(name string) (string, bool) { return "lovelace", name == "PASSWORD" })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// declared is the inventory of the site: what is not planted.
func declared() *state.Inventory {
	inv := state.NewInventory()
	for _, e := range []state.Entry{
		{Name: "known", Place: state.InCookie},
		{Name: "known", Place: state.InLocalStorage},
		{Name: "sid", Place: state.InTicketCookie},
		{Name: "unused", Place: state.InCookie},
	} {
		e.Purpose, e.Description = state.Essential, "a test"
		inv.Declare(e)
	}
	return inv
}

// All planted items are found, with who put them there, and nothing else is.
func TestPlanted(t *testing.T) {
	chromiumtest.Need(t)
	began := time.Now()
	a, err := audit.Look(t.Context(), &audit.Options{
		Pages: []string{site(t) + "/"}, Links: 10, Scripts: []*audit.Script{script(t, "sign-in", signIn)},
		Inventory: declared(), Progress: func(line string) { t.Log(line) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d planted items in %v", len(planted), time.Since(began))
	var found []string
	for _, i := range a.Drifts() {
		found = append(found, string(i.Kind)+" "+i.Name)
		if len(i.Sources) == 0 || !strings.HasPrefix(i.Sources[0].URL, "http://") ||
			i.Sources[0].By == "script" && i.Sources[0].Line == 0 {
			t.Errorf("nobody has put %s %s there: %+v", i.Kind, i.Name, i.Sources)
		}
	}
	slices.Sort(found)
	want := slices.Sorted(slices.Values(planted))
	if !slices.Equal(found, want) {
		t.Errorf("found\n%s\nwant\n%s", strings.Join(found, "\n"), strings.Join(want, "\n"))
	}
	if file := os.Getenv("COATCHECK_AUDIT_REPORT"); file != "" { // to look at
		f, err := os.Create(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(a.WriteHTML(f), f.Close()); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(a.Missing, []string{"cookie unused"}) {
		t.Errorf("missing %q", a.Missing)
	}
	for name, write := range map[string]func(*bytes.Buffer) error{
		"text":  func(b *bytes.Buffer) error { return a.WriteText(b, false) },
		"json":  func(b *bytes.Buffer) error { return a.WriteJSON(b) },
		"sarif": func(b *bytes.Buffer) error { return a.WriteSARIF(b) },
		"html":  func(b *bytes.Buffer) error { return a.WriteHTML(b) },
	} {
		var out bytes.Buffer
		if err := write(&out); err != nil || !strings.Contains(out.String(), "p-click") {
			t.Errorf("%s: %v", name, err)
		}
		if strings.Contains(out.String(), "secret-") || strings.Contains(out.String(), "lovelace") {
			t.Errorf("%s has a value", name)
		}
	}
}

// A frame without an address of its own keeps things where its page does, and its script is named with the page.
func TestFrameWithoutAnAddress(t *testing.T) {
	chromiumtest.Need(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, `<!doctype html><iframe srcdoc="<script>document.cookie='inner=1';
localStorage.setItem('inner', '1')</script>"></iframe>`)
	}))
	t.Cleanup(server.Close)
	page := server.URL + "/a/page"
	a, err := audit.Look(t.Context(), &audit.Options{Pages: []string{page}, Inventory: state.NewInventory()})
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, i := range a.Drifts() {
		if i.Name != "inner" {
			continue
		}
		found++
		if len(i.Sources) != 1 || i.Sources[0].By != "script" || i.Sources[0].Line == 0 || i.Sources[0].Frame != page {
			t.Errorf("%s inner was put there by %+v", i.Kind, i.Sources)
		}
	}
	if found != 2 {
		t.Errorf("found %d of 2", found)
	}
}
