package console_test

import (
	"fmt"
	"html"
	"regexp"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/store"
)

const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0"

func TestListing(t *testing.T) {
	d := newDesk(t)
	id := d.start("ada", firefox, 3*time.Minute)
	d.start("", "curl/8.14.1", 26*time.Hour)
	d.start("alan", "", 40*24*time.Hour) // over, and not yet swept
	got := d.operator().get("/")
	got.want(t, 200,
		"<title>Live sessions · Coatcheck</title>", "the &lt;shop&gt; of this test",
		"2 shown, newest first · 1 user · 1 not signed in",
		`title="`+id.String()+`"`, `<a href="/?user=ada"><bdi>ada</bdi></a>`, ">3 min ago</time>", ">1 d ago</time>",
		"192.0.2.7",
		"Firefox on Linux", "<bdi>curl</bdi>", `<span class="visitor">visitor</span>`, `title="`+firefox+`"`)
	if strings.Contains(got.body, "alan") {
		t.Error("a session whose time is over is listed")
	}
	if strings.Contains(got.body, ">remembered<") {
		t.Error("nobody asked to be remembered")
	}
	if n := strings.Count(got.body, `action="/end"`); n != 2 {
		t.Errorf("%d buttons that end a session, want 2", n)
	}
}

func TestListingShowsWhoIsRemembered(t *testing.T) {
	d := newDesk(t)
	now := time.Now()
	r := store.Record{ID: store.NewID(), User: "ada", CreatedAt: now, LastSeen: now, ExpiresAt: now.Add(time.Hour),
		Remember: true,
		Device:   store.Device{Label: "the old laptop"}}
	if err := d.store.Create(t.Context(), r, store.ID{}); err != nil {
		t.Fatal(err)
	}
	d.operator().get("/").want(t, 200, ">remembered</span>", "<bdi>the old laptop</bdi>")
}

// A session that ends earlier than the site's limits say is marked with its end, and every one tells it.
func TestListingShowsDeadlines(t *testing.T) {
	now := time.Now()
	create := func(d *desk, user string, ends time.Duration, remember bool) {
		r := store.Record{ID: store.NewID(), User: user, CreatedAt: now, LastSeen: now, ExpiresAt: now.Add(ends),
			Remember: remember}
		if err := d.store.Create(t.Context(), r, store.ID{}); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		ends     time.Duration
		remember bool
		want     string
	}{
		{24 * time.Hour, false, ""},
		{90 * time.Minute, false, "ends in 1 h"},
		{30*time.Minute + 30*time.Second, false, "ends in 30 min"},
		{45 * time.Second, false, "ends in a minute"},
		{30 * 24 * time.Hour, true, ""},
		{48 * time.Hour, true, "ends on " + now.Add(48*time.Hour).UTC().Format("2 Jan 2006")},
	} {
		d := newDesk(t)
		create(d, "ada", c.ends, c.remember)
		until := now.Add(c.ends).UTC().Format("2 January 2006, 15:04:05 UTC")
		got := d.operator().get("/")
		got.want(t, 200, "; it ends "+until+" at the latest")
		if c.want == "" && strings.Contains(got.body, ">ends ") {
			t.Errorf("%v: a deadline is shown where there is none", c.ends)
		}
		if c.want != "" {
			got.want(t, 200, `title="until `+until+` at the latest">`+c.want+"</span>")
		}
	}
}

func TestListingOfOneUser(t *testing.T) {
	d := newDesk(t)
	d.start("ada", "", time.Minute)
	d.start("ada", "", time.Hour)
	other := d.start("grace", "", time.Minute)
	b := d.operator()
	got := b.get("/?user=ada")
	got.want(t, 200, "<h1><b>2</b> sessions of <bdi>ada</bdi></h1>", `href="/end-user?user=ada"`, `value="ada"`,
		`<a class="everybody" href="/">`)
	if strings.Contains(got.body, other.String()) {
		t.Error("somebody else's session is listed")
	}
	b.get("/?user=Ada").want(t, 200, "No session of <b><bdi>Ada</bdi></b>.")
}

func TestEmptyListing(t *testing.T) {
	d := newDesk(t)
	d.operator().get("/").want(t, 200, "<h1><b>0</b> live sessions</h1>", "The counter is empty.")
}

func TestPaging(t *testing.T) {
	d := newDesk(t)
	want := make(map[string]bool)
	for i := range 120 {
		want[d.start("ada", "", time.Duration(i)*time.Second).String()] = true
	}
	b := d.operator()
	handles := regexp.MustCompile(`id="s-([^"]+)"`)
	older := regexp.MustCompile(`<a class="button older" href="([^"]+)"`)
	page, sizes := "/?user=ada", []int{}
	for page != "" {
		got := b.get(page)
		got.want(t, 200, "<b>120</b> sessions of")
		found := handles.FindAllStringSubmatch(got.body, -1)
		sizes = append(sizes, len(found))
		for _, m := range found {
			if !want[m[1]] {
				t.Errorf("%s is listed twice, or was never there", m[1])
			}
			delete(want, m[1])
		}
		if newer := strings.Contains(got.body, "← Newest"); newer != (len(sizes) > 1) {
			t.Errorf("page %d: a way back to the newest: %v", len(sizes), newer)
		}
		page = ""
		if m := older.FindStringSubmatch(got.body); m != nil {
			page = html.UnescapeString(m[1])
		}
	}
	if fmt.Sprint(sizes) != "[50 50 20]" || len(want) != 0 {
		t.Errorf("pages of %v, and %d were never listed", sizes, len(want))
	}
}

// No page says "older" when there is nothing older.
func TestPageThatIsJustFull(t *testing.T) {
	d := newDesk(t)
	for range 50 {
		d.start("ada", "", time.Minute)
	}
	if got := d.operator().get("/"); strings.Contains(got.body, "Older") {
		t.Error("there is a link to an empty page")
	}
}

func TestDamagedAddress(t *testing.T) {
	d := newDesk(t)
	b := d.operator()
	b.get("/?after=nowhere").want(t, 400, "The address of this page is damaged.")
	b.get("/?user="+strings.Repeat("u", 256)).want(t, 400, "The address of this page is damaged.")
	b.get("/end-user").want(t, 400, "does not name a user")
	b.get("/end-user?user="+strings.Repeat("u", 256)).want(t, 400, "does not name a user")
}

// hostile is what strangers choose as names and send as User-Agent.
var hostile = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' autofocus onfocus='alert(1)`,
	`</title><script>alert(1)</script>`,
	`javascript:alert(1)`, `{{.Body}}`, "\u202egnp.exe", "a\x00b", "\xff\xfe", "line\r\nbreak",
	`&lt;b&gt;`, `${alert(1)}`, "`", strings.Repeat("W", 255),
}

var (
	tags     = regexp.MustCompile(`<(/?[a-z0-9]+)((?:"[^"]*"|[^">])*)>`)
	scripts  = regexp.MustCompile(`<script`)
	handlers = regexp.MustCompile(`\s(on[a-z]+|style|srcdoc)=`)
)

func TestHostileTextStaysText(t *testing.T) {
	for _, text := range hostile {
		t.Run(text, func(t *testing.T) {
			d := newDesk(t)
			now := time.Now()
			r := store.Record{
				ID: store.NewID(), User: text, CreatedAt: now, LastSeen: now, ExpiresAt: now.Add(time.Hour),
				Device: store.Device{Address: text, UserAgent: text, Label: text}}
			if err := d.store.Create(t.Context(), r, store.ID{}); err != nil {
				t.Fatal(err)
			}
			b := d.operator()
			for _, page := range []string{"/", "/?user=" + escape(text), "/end-user?user=" + escape(text)} {
				got := b.get(page)
				got.want(t, 200)
				checkMarkup(t, got.body)
			}
			b.post("/end-user", map[string][]string{"user": {text}}).wantRedirect(t, "/")
			got := b.get("/")
			got.want(t, 200, "has ended.") // the notice has the name in it
			checkMarkup(t, got.body)
			if d.there(r.ID) {
				t.Error("the session of that name could not be ended")
			}
		})
	}
}

// checkMarkup fails if there is any markup but the templates' own.
func checkMarkup(t *testing.T, body string) {
	t.Helper()
	if n := len(scripts.FindAllString(body, -1)); n != 1 {
		t.Errorf("%d scripts, want the console's one: %s", n, body)
	}
	for _, tag := range tags.FindAllStringSubmatch(body, -1) {
		if bare := regexp.MustCompile(`"[^"]*"`).ReplaceAllString(tag[2], `""`); handlers.MatchString(bare) {
			t.Errorf("a tag has %s", bare)
		}
		if tag[1] == "img" || strings.Contains(tag[2], `href="javascript:`) {
			t.Errorf("there is a tag %s", tag[0])
		}
	}
}

// escape encodes every byte, as a careful client may.
func escape(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		fmt.Fprintf(&b, "%%%02X", c)
	}
	return b.String()
}

func TestStoreFails(t *testing.T) {
	d := newDesk(t)
	id := d.start("ada", "", time.Minute)
	b := d.operator()
	d.store.down.Store(true)
	for _, got := range []reply{
		b.get("/"), b.get("/end-user?user=ada"),
		b.post("/end", map[string][]string{"handle": {id.String()}}),
		b.post("/end-user", map[string][]string{"user": {"ada"}}),
		b.post("/end-everybody", map[string][]string{"confirm": {"everybody"}}),
	} {
		got.want(t, 503, "The store does not answer")
		if got.Header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
		if strings.Contains(got.body, "secret password") || strings.Contains(got.body, "has ended") {
			t.Errorf("it says too much: %s", got.body)
		}
	}
	b.get("/end-everybody").want(t, 200, "All sessions end,", "End all</button>") // it may be able to write
	d.store.down.Store(false)
	b.get("/").want(t, 200, id.String()) // the operator is still signed in, and the session still there
}
