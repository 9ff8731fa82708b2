package api_test

import (
	"context"
	"encoding/json"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"coatcheck.dev/cmd/coatcheck/internal/api"
	"coatcheck.dev/cmd/coatcheck/internal/index"
	"coatcheck.dev/session"
)

// newIndexed is an API whose listings an index answers.
func newIndexed(t *testing.T) (*fixture, *index.Index) {
	h := newFixture(t, api.Options{Token: token})
	x := index.Open(index.Options{
		Path: filepath.Join(t.TempDir(), "index.db"), Store: "test", Feed: h.store,
		Source: session.New(h.store, session.Options{}),
	})
	t.Cleanup(x.Close)
	h.open(h.store, api.Options{Token: token, Index: x})
	return h, x
}

type found struct {
	Sessions []struct {
		Handle string
		User   string
		Method string
		Level  int
	}
	Next  string
	Total *int
	AsOf  *time.Time `json:"as_of"`
}

func (h *fixture) find(query string) (f found) {
	h.t.Helper()
	got := h.ask("GET", "/v1/sessions?"+query)
	h.want(got, 200, "")
	if err := json.Unmarshal([]byte(got.body), &f); err != nil {
		h.t.Fatal(err)
	}
	return f
}

// Services search by the fields of the console, page by page, with the number of all.
func TestFindSessions(t *testing.T) {
	h, x := newIndexed(t)
	for i := range 7 {
		h.start("ada", time.Duration(i)*time.Hour)
	}
	h.start("Adam", time.Minute)
	h.start("grace", time.Minute)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := x.Await(ctx); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]int{
		"name=ADA": 8, "name=ada&user=ada": 7, "created_after=90m": 4, "created_after=90m&name=g": 1, "signed_in=no": 0,
		"address=192.0.2.0/24": 9, "address=10.0.0.0/8": 0, "label=desk&remembered=yes": 7, "sort=user": 9,
	} {
		f := h.find(query)
		if f.Total == nil || *f.Total != want || len(f.Sessions) != want || f.AsOf != nil {
			t.Errorf("%s: %d sessions, total %v, as of %v; want %d", query, len(f.Sessions), f.Total, f.AsOf, want)
		}
	}
	seen, after := make(map[string]bool), ""
	for {
		f := h.find("name=a&sort=-user&limit=3&after=" + url.QueryEscape(after))
		for _, s := range f.Sessions {
			seen[s.Handle] = true
		}
		if after = f.Next; after == "" {
			break
		}
	}
	if len(seen) != 8 {
		t.Errorf("%d sessions on all pages, want 8", len(seen))
	}
	for query, want := range map[string]int{
		"user=ada": 7, "user=ada&limit=2": 7, "user=nobody": 0, "limit=1": 9, "": 9,
	} {
		if f := h.find(query); f.Total == nil || *f.Total != want || f.AsOf != nil {
			t.Errorf("%q: what the store lists has total %v, as of %v; want %d", query, f.Total, f.AsOf, want)
		}
	}
	if f := h.find("user=ada&limit=2&after=" + h.find("user=ada&limit=5").Next); f.Total == nil || *f.Total != 7 {
		t.Errorf("the last page of the store's listing has total %v", f.Total)
	}
	next := h.find("name=a&limit=1").Next
	h.want(h.ask("GET", "/v1/sessions?name=a&sort=user&after="+next), 400, "bad_request")
}

func TestFindRefusesWhatItCannotRead(t *testing.T) {
	h, _ := newIndexed(t)
	for query, says := range map[string]string{
		"address=10.0.0":      "192.0.2.0/24",
		"created_after=later": "2026-11-24",
		"sort=colour":         "created, seen, ends",
		"name=":               "name is empty",
		"name=%20%09":         "name is empty",
		"name=a&name=b":       "2 times",
		"name=a&limit=0":      "from 1 to 1000",
		"name=a&after=x":      "the same query",
		"colour=red":          "created_before",
	} {
		got := h.ask("GET", "/v1/sessions?"+query)
		h.want(got, 400, "bad_request")
		if !strings.Contains(got.body, says) {
			t.Errorf("%s: %s does not say %q", query, got.body, says)
		}
	}
}

// Without an index, and while it is made, listings by the store go on, and a search says what is the matter.
func TestFindWithoutIndex(t *testing.T) {
	h := newFixture(t, api.Options{Token: token})
	h.start("ada", time.Hour)
	h.want(h.ask("GET", "/v1/sessions?name=a"), 503, "unavailable")
	x := index.Open(index.Options{
		Path: filepath.Join(t.TempDir(), "missing", "index.db"), Store: "test", Feed: h.store,
		Source: session.New(h.store, session.Options{}),
	})
	t.Cleanup(x.Close)
	h.open(h.store, api.Options{Token: token, Index: x})
	got := h.ask("GET", "/v1/sessions?name=a")
	h.want(got, 503, "unavailable")
	if !strings.Contains(got.body, "is being made") || got.Header.Get("Retry-After") == "" {
		t.Errorf("the answer is %s", got.body)
	}
	h.start("ada", 2*time.Hour)
	for _, query := range []string{"user=ada", "user=ada&limit=1"} {
		if f := h.find(query); len(f.Sessions) == 0 || f.Total == nil || *f.Total != 2 {
			t.Errorf("%s: the store lists %d, total %v", query, len(f.Sessions), f.Total)
		}
	}
}

// The document has the parameters that a search takes, and no others.
func TestDocumentHasTheFieldsOfASearch(t *testing.T) {
	h := newFixture(t, api.Options{Token: token})
	doc, err := openapi3.NewLoader().LoadFromData([]byte(h.ask("GET", "/v1/openapi.json").body))
	if err != nil {
		t.Fatal(err)
	}
	documented := make(map[string]bool)
	for _, p := range doc.Paths.Value("/v1/sessions").Get.Parameters {
		documented[p.Value.Name] = true
	}
	for _, name := range append([]string{"after", "limit"}, index.Names()...) {
		if !documented[name] {
			t.Errorf("%s is not documented", name)
		}
		delete(documented, name)
	}
	if len(documented) > 0 {
		t.Errorf("what are %v?", documented)
	}
	sort := doc.Paths.Value("/v1/sessions").Get.Parameters.GetByInAndName("query", "sort").Schema.Value.Enum
	if len(sort) != 2*len(index.Sorts) {
		t.Errorf("sorts %v", sort)
	}
}
