package session

import (
	"net/url"
	"strings"
	"testing"

	"coatcheck.dev/store"
)

// Any text that is accepted as a ticket is the one text of that ticket (A5), and no text brings the parser down.
func FuzzTicket(f *testing.F) {
	good := newTicket(store.NewID(), "").expose()
	f.Add(good)
	f.Add("")
	f.Add("1")
	f.Add(good[1:])
	f.Add(good[:len(good)-1])
	f.Add(good + "A")
	f.Add("2" + good[1:])
	f.Add(good[:10] + "\n" + good[11:])
	f.Add(good[:22] + "_" + good[23:])
	f.Add(strings.Repeat("A", ticketLen))
	f.Add("1" + strings.Repeat("_", ticketLen-1))
	f.Fuzz(func(t *testing.T, text string) {
		var tk ticket
		ok := tk.parse(text)
		if !ok {
			if tk != (ticket{}) {
				t.Errorf("%q is refused, and yet something of it came out", text)
			}
			return
		}
		if again := tk.expose(); again != text {
			t.Errorf("%q and %q are the same ticket", text, again)
		}
	})
}

// A path that is accepted stays on the site, by the rules of browsers (WHATWG URL) and by those of net/url (A34).
func FuzzLocalPath(f *testing.F) {
	for _, seed := range []string{
		"/", "/a", "//evil.example", "/\\evil.example", "/\t/evil.example", "https://evil.example", "/%2f/evil.example",
		"/a?return_to=//evil.example", "/..//evil.example", "/@evil.example", "/\u2044evil.example", "", "?", "#",
		"/\x00",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		if !localPath(path) {
			return
		}
		// What a browser does first: it drops tabs and line ends, and takes backslashes for slashes.
		seen := strings.NewReplacer("\t", "", "\n", "", "\r", "", "\\", "/").Replace(path)
		if !strings.HasPrefix(seen, "/") || strings.HasPrefix(seen, "//") {
			t.Fatalf("a browser takes %q for another host", path)
		}
		base := &url.URL{Scheme: "https", Host: "site.example", Path: "/login"}
		to, err := base.Parse(path)
		if err != nil || to.Host != "site.example" || to.Scheme != "https" || to.User != nil {
			t.Fatalf("%q leads to %v, %v", path, to, err)
		}
	})
}
