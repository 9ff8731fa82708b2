package cookiefiles

import (
	"bytes"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"coatcheck.dev/jar"
	"coatcheck.dev/jar/format"
	"coatcheck.dev/test/internal/tool"
)

// pickled has the site set cookies with requests, tells the Cookie header, and pickles the jar, the session, and the
// list of dicts that Selenium's get_cookies would have.
const pickled = `
import pickle, sys, requests
url, folder = sys.argv[1:]
session = requests.Session()
session.trust_env = False
session.get(url + "/page/set")
session.get(url + "/page/next")
dicts = [{"name": c.name, "value": c.value.encode("latin-1").decode(), "domain": c.domain.removesuffix(".local"), "path": c.path,
          "secure": c.secure, "httpOnly": c.has_nonstandard_attr("HttpOnly"), "sameSite": "Lax",
          **({"expiry": c.expires} if c.expires else {})} for c in session.cookies]
for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
    for name, value in ("jar", session.cookies), ("session", session), ("list", list(session.cookies)), ("dicts", dicts):
        with open("%s/%s-%d" % (folder, name, protocol), "wb") as f:
            pickle.dump(value, f, protocol)
`

// TestPickles: what Python pickles in any protocol is read, and a jar sends the same as Python did.
func TestPickles(t *testing.T) {
	tool.File(t, "python3-requests", "/usr/lib/python3/dist-packages/requests/__init__.py")
	s, folder := newSite(t), t.TempDir()
	python := tool.Find(t, "/usr/bin/python3") // the one that Debian's packages are for
	if out, err := exec.CommandContext(t.Context(), python, "-c", pickled, s.url, folder).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	next, err := url.Parse(s.url + "/page/next")
	if err != nil {
		t.Fatal(err)
	}
	want := s.header()
	files, err := filepath.Glob(filepath.Join(folder, "*-*"))
	if err != nil || len(files) < 4*6 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		f, ok := format.Detect(data)
		if !ok || f.String() != format.Pickle.String() {
			t.Fatalf("%s is taken for %v", file, f)
		}
		j := jar.New(jar.Options{})
		report, err := f.Import(j, bytes.NewReader(data))
		if err != nil || report.Read != len(sent) || len(report.Losses) > 0 {
			t.Errorf("%s: %+v, %v", filepath.Base(file), report, err)
		}
		pairs := strings.Split(j.Header(&jar.Request{URL: next}), "; ")
		slices.Sort(pairs)
		if got := strings.Join(pairs, "; "); got != want {
			t.Errorf("%s: the jar sends %q, and Python %q", filepath.Base(file), got, want)
		}
	}
}
