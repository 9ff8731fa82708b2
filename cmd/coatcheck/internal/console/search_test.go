package console_test

import (
	"context"
	"errors"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/console"
	"coatcheck.dev/cmd/coatcheck/internal/index"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

// indexed has a desk find sessions by an index.
func indexed(t *testing.T, into **index.Index) func(*console.Options) {
	return func(o *console.Options) {
		*into = index.Open(index.Options{
			Path: filepath.Join(t.TempDir(), "index.db"), Store: "test", Source: o.Sessions, Feed: o.Feed,
		})
		t.Cleanup((*into).Close)
		o.Index = *into
	}
}

func awaitIndex(t *testing.T, x *index.Index) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := x.Await(ctx); err != nil {
		t.Fatalf("%v: %+v", err, x.Status())
	}
}

func (d *desk) startAt(user, address string, ago time.Duration) store.ID {
	created := time.Now().Add(-ago)
	r := store.Record{
		ID: store.NewID(), User: user, CreatedAt: created, LastSeen: created, ExpiresAt: created.Add(lifetime),
		Device: store.Device{Address: address, UserAgent: firefox},
	}
	if err := d.store.Create(d.t.Context(), r, store.ID{}); err != nil {
		d.t.Fatal(err)
	}
	return r.ID
}

const lifetime = 30 * 24 * time.Hour

var listed = regexp.MustCompile(`id="s-([^"]+)"`)

func (r reply) handles() (ids []string) {
	for _, m := range listed.FindAllStringSubmatch(r.body, -1) {
		ids = append(ids, m[1])
	}
	return ids
}

// Sessions are found by each field, and the address of the page is the search: whoever has it finds the same.
func TestSearch(t *testing.T) {
	var x *index.Index
	d := newDesk(t, indexed(t, &x))
	ada := d.startAt("Ada", "192.0.2.7", time.Minute).String()
	adam := d.startAt("adam", "192.0.2.200", 3*time.Hour).String()
	grace := d.startAt("grace", "2001:db8::1", 30*time.Hour).String()
	visitor := d.start("", "curl/8.14.1", 40*time.Hour).String()
	awaitIndex(t, x)
	b := d.operator()
	for path, want := range map[string][]string{
		"/":                               {ada, adam, grace, visitor},
		"/?sort=created":                  {visitor, grace, adam, ada},
		"/?sort=-user":                    {grace, adam, ada, visitor},
		"/?name=AD":                       {ada, adam},
		"/?user=adam":                     {adam},
		"/?user=ada":                      {},
		"/?address=192.0.2.0/24":          {ada, adam, visitor},
		"/?address=2001:db8::/32":         {grace},
		"/?browser=linux":                 {ada, adam, grace},
		"/?signed_in=no":                  {visitor},
		"/?handle=" + grace[:8]:           {grace},
		"/?created_after=1d":              {ada, adam},
		"/?created_after=1d&name=adam":    {adam},
		"/?name=&address=&browser=&user=": {ada, adam, grace, visitor},
	} {
		got := b.get(path)
		got.want(t, 200)
		if ids := got.handles(); strings.Join(ids, " ") != strings.Join(want, " ") {
			t.Errorf("%s lists %v, want %v", path, ids, want)
		}
		checkMarkup(t, got.body)
	}
	b.get("/?address=192.0.2.0/24&name=a").want(t, 200, "<b>2</b> sessions found", "2 shown, newest first",
		`value="192.0.2.0/24"`, `<title>Sessions found`)
	b.get("/?name=nobody").want(t, 200, "No session fits.")
	b.get("/?level=7&method=telepathy&name=a").want(t, 200, `href="/?level=7&amp;name=a"`, "Signed in by: telepathy")
	b.get("/?sort=seen").want(t, 200, `aria-sort="ascending"><a href="/?sort=-seen">Last seen`, "longest unseen first")
}

// What is wrong in a field is said beside it.
func TestSearchSaysWhatIsWrong(t *testing.T) {
	var x *index.Index
	d := newDesk(t, indexed(t, &x))
	awaitIndex(t, x)
	b := d.operator()
	got := b.get("/?address=10.0.0&name=ada")
	got.want(t, 400, `id="address-problem"`, "192.0.2.0/24", `value="10.0.0"`, `value="ada"`, `aria-invalid="true"`)
	if strings.Contains(got.body, "The counter is empty") || strings.Contains(got.body, "live session") {
		t.Error("it looks as if there were no sessions")
	}
	for _, path := range []string{
		"/?name=a;b", "/?name=%zz", "/?adress=10.0.0.0/8", "/not-before?before=2h&user=a;b", "/end-user?user=a;b",
		"/history?user=a;b", "/history.csv?user=a;b",
	} {
		if got := b.get(path); got.StatusCode != 400 || strings.Contains(got.body, "<table") {
			t.Errorf("%s is damaged, and shows %d %s", path, got.StatusCode, got.body)
		}
	}
	b.get("/not-before?before=2h&user=ada&user=adam").want(t, 400, "says twice for whom")
	b.post("/end-found?name=a;b", url.Values{}).want(t, 400, "damaged")
	b.post("/end-found?adress=10.0.0.0/8", url.Values{}).want(t, 400, "damaged")
	b.get("/?created_after=yesterday").want(t, 400, "<details open>", `id="created_after-problem"`, "2026-11-24")
	b.get("/?after=nowhere").want(t, 400, "The address of this page is damaged.")
	b.get("/?sort=user&after="+strings.Repeat("A", 40)).want(t, 400, "The address of this page is damaged.")
}

func TestSearchPages(t *testing.T) {
	var x *index.Index
	d := newDesk(t, indexed(t, &x))
	want := make(map[string]bool)
	for i := range 120 {
		want[d.start("ada", "", time.Duration(i)*time.Second).String()] = true
		d.start("alan", "", time.Duration(i)*time.Second)
	}
	awaitIndex(t, x)
	b := d.operator()
	older := regexp.MustCompile(`<a class="button older" href="([^"]+)"`)
	for page := "/?name=ADA&sort=seen"; page != ""; {
		got := b.get(page)
		got.want(t, 200, "<b>120</b> sessions found")
		for _, id := range got.handles() {
			if !want[id] {
				t.Errorf("%s is listed twice, or is somebody else's", id)
			}
			delete(want, id)
		}
		page = ""
		if m := older.FindStringSubmatch(got.body); m != nil {
			page = strings.ReplaceAll(m[1], "&amp;", "&")
		}
	}
	if len(want) > 0 {
		t.Errorf("%d were never listed", len(want))
	}
}

// When the store does not answer, the page shows what is known, and as of when.
func TestSearchWithoutStore(t *testing.T) {
	var x *index.Index
	source := deafSource{deaf: new(atomic.Bool)}
	d := newDesk(t, func(o *console.Options) {
		source.Manager = o.Sessions
		x = index.Open(index.Options{
			Path: filepath.Join(t.TempDir(), "index.db"), Store: "test", Feed: o.Feed, Source: source,
		})
		t.Cleanup(x.Close)
		o.Index = x
	})
	id := d.start("ada", firefox, time.Minute)
	awaitIndex(t, x)
	b := d.operator()
	source.deaf.Store(true)
	got := b.get("/?name=a")
	got.want(t, 200, id.String(), "The store does not answer. This is what was known on", "Firefox on Linux")
	if strings.Contains(got.body, "secret password") {
		t.Error("it says too much")
	}
	source.deaf.Store(false)
	awaitIndex(t, x)
	if got := b.get("/?name=a"); strings.Contains(got.body, "does not answer") {
		t.Error("the store answers again")
	}
}

// A deafSource does not answer while it is deaf.
type deafSource struct {
	*session.Manager
	deaf *atomic.Bool
}

func (s deafSource) Lookup(ctx context.Context, id store.ID) (session.Info, bool, error) {
	if s.deaf.Load() {
		return session.Info{}, false, errDown
	}
	return s.Manager.Lookup(ctx, id)
}

// While the index is made, the list is the store's, and a search that needs the index says how far that is.
func TestSearchWhileTheIndexIsMade(t *testing.T) {
	held := make(chan struct{})
	var x *index.Index
	d := newDesk(t, func(o *console.Options) {
		x = index.Open(index.Options{
			Path: filepath.Join(t.TempDir(), "index.db"), Store: "test", Feed: o.Feed,
			Source: heldSource{o.Sessions, held},
		})
		t.Cleanup(x.Close)
		o.Index = x
	})
	id := d.start("ada", "", time.Minute)
	b := d.operator()
	b.get("/").want(t, 200, id.String(), "The index of sessions is being built: 0 of")
	b.get("/?user=ada").want(t, 200, id.String())
	got := b.get("/?name=ada")
	got.want(t, 503, "Searching has to wait", "being built", `data-failed`)
	if got.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	close(held)
	awaitIndex(t, x)
	b.get("/?name=ada").want(t, 200, id.String())
}

// A heldSource does not list sessions before it is let.
type heldSource struct {
	*session.Manager
	held chan struct{}
}

func (s heldSource) Browse(ctx context.Context, q store.Query) ([]session.Info, store.Cursor, error) {
	select {
	case <-s.held:
		return s.Manager.Browse(ctx, q)
	case <-ctx.Done():
		return nil, store.Cursor{}, errors.New("closed")
	}
}

// Whatever strangers are called is text in every field of the search.
func TestSearchOfHostileTextStaysText(t *testing.T) {
	var x *index.Index
	d := newDesk(t, indexed(t, &x))
	for _, text := range hostile {
		now := time.Now()
		r := store.Record{
			ID: store.NewID(), User: text, CreatedAt: now, LastSeen: now, ExpiresAt: now.Add(time.Hour),
			Device: store.Device{Address: text, UserAgent: text, Label: text}}
		if err := d.store.Create(t.Context(), r, store.ID{}); err != nil {
			t.Fatal(err)
		}
	}
	awaitIndex(t, x)
	b := d.operator()
	for _, text := range hostile {
		for _, field := range index.Names() {
			got := b.get("/?" + url.Values{field: {text}}.Encode())
			if got.StatusCode != 200 && got.StatusCode != 400 {
				t.Errorf("%s=%q: status %d", field, text, got.StatusCode)
			}
			checkMarkup(t, got.body)
		}
	}
}
