// Package cookiefiles has real programs write their cookie files, and read what jar/format makes of them: they send the
// same cookies as before, or the difference was reported.
package cookiefiles

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"coatcheck.dev/jar"
	"coatcheck.dev/jar/format"
	"coatcheck.dev/test/internal/tool"
)

// sent are the Set-Cookie lines of the site.
var sent = []string{
	"session=1",
	"lasting=2; Max-Age=86400",
	"hidden=3; HttpOnly; Max-Age=86400",
	"folder=4; Path=/page; Max-Age=86400",
	"elsewhere=5; Path=/other; Max-Age=86400",
	"empty=; Max-Age=86400",
	"base64=YWJj==; Max-Age=86400",
	"strict=6; SameSite=Strict; Max-Age=86400",
	"text=\u00fc; Max-Age=86400",
}

// A site sets cookies at /page/set, and keeps the Cookie header of the last request.
type site struct {
	url string

	mu     sync.Mutex
	cookie string
}

func newSite(t *testing.T) *site {
	s := &site{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/page/") { // browsers look for /favicon.ico, too
			s.mu.Lock()
			s.cookie = strings.Join(r.Header["Cookie"], "; ")
			s.mu.Unlock()
		}
		if r.URL.Path == "/page/set" {
			for _, line := range sent {
				w.Header().Add("Set-Cookie", line)
			}
		}
	}))
	t.Cleanup(server.Close)
	s.url = strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	return s
}

// header is the Cookie header of the last request, sorted.
func (s *site) header() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	pairs := strings.Split(s.cookie, "; ")
	slices.Sort(pairs)
	s.cookie = ""
	return strings.Join(pairs, "; ")
}

// A client is a program with a cookies.txt.
type client struct {
	reader format.Reader
	names  []string                              // of the program
	args   func(load, save, url string) []string // load may be ""
}

const python = `
import http.cookiejar, sys, urllib.request
load, save, url = sys.argv[1:]
j = http.cookiejar.MozillaCookieJar()
if load: j.load(load, ignore_discard=True)
urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(j)).open(url).read()
if save: j.save(save, ignore_discard=True)
`

var clients = []client{
	{format.Curl, []string{"curl"}, func(load, save, url string) []string {
		args := []string{"-s", "--noproxy", "*", "-o", os.DevNull}
		if load != "" {
			args = append(args, "-b", load)
		}
		if save != "" {
			args = append(args, "-c", save)
		}
		return append(args, url)
	}},
	{format.Wget, []string{"wget"}, func(load, save, url string) []string {
		args := []string{"-q", "--no-proxy", "-O", os.DevNull, "--keep-session-cookies"}
		if load != "" {
			args = append(args, "--load-cookies="+load)
		}
		if save != "" {
			args = append(args, "--save-cookies="+save)
		}
		return append(args, url)
	}},
	{format.Python, []string{"python3"}, func(load, save, url string) []string {
		return []string{"-c", python, load, save, url}
	}},
	{format.Libsoup, []string{"gjs"}, func(load, save, url string) []string {
		return []string{filepath.Join("testdata", "libsoup.js"), load + save, url}
	}},
}

func (c *client) run(t *testing.T, load, save, url string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), tool.Find(t, c.names...), c.args(load, save, url)...)
	command.Env = append(os.Environ(), "no_proxy=localhost")
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", c.reader, err, out)
	}
}

// TestRoundTrips: a program's own file comes back to it as another one of ours, and it sends the same cookies.
func TestRoundTrips(t *testing.T) {
	for _, c := range clients {
		t.Run(string(c.reader), func(t *testing.T) {
			s := newSite(t)
			own, ours := filepath.Join(t.TempDir(), "own"), filepath.Join(t.TempDir(), "ours")
			c.run(t, "", own, s.url+"/page/set")
			s.header()
			c.run(t, own, "", s.url+"/page/next")
			want := s.header()
			sessions := c.reader != format.Libsoup // which keeps none in a file
			if strings.Contains(want, "session=1") != sessions || !strings.Contains(want, "lasting=2") {
				t.Fatalf("with its own file it sends %q", want)
			}
			data, err := os.ReadFile(own)
			if err != nil {
				t.Fatal(err)
			}
			if f, ok := format.Detect(data); !ok || f.String() != "netscape" {
				t.Fatalf("its file is taken for %v", f)
			}
			j := jar.New(jar.Options{})
			report, err := format.Netscape.Load(j, own)
			// Wget and libsoup keep none of another folder, and libsoup none of the session.
			if err != nil || report.LeftOut > 0 || report.Read < len(sent)-2 {
				t.Fatalf("%v, %+v of %s", err, report, data)
			}
			if _, err := format.Netscape.With(format.Options{For: c.reader}).Save(j, ours); err != nil {
				t.Fatal(err)
			}
			c.run(t, ours, "", s.url+"/page/next")
			if got := s.header(); got != want {
				written, _ := os.ReadFile(ours)
				t.Errorf("it sends %q, and with its own file %q\n%s", got, want, written)
			}
		})
	}
}

// TestFromABrowser: what a browser has is sent by each program, without the cookies that the report leaves out.
func TestFromABrowser(t *testing.T) {
	for _, c := range clients {
		t.Run(string(c.reader), func(t *testing.T) {
			s := newSite(t)
			u, err := url.Parse(s.url + "/page/set")
			if err != nil {
				t.Fatal(err)
			}
			request := &jar.Request{URL: u, Kind: jar.Navigation}
			j := jar.New(jar.Options{Profile: jar.Chrome})
			for _, line := range append(slices.Clone(sent), "nameless", "top=7; Path=/; Max-Age=60") {
				j.Set(request, line)
			}
			file := filepath.Join(t.TempDir(), "cookies.txt")
			report, err := format.Netscape.With(format.Options{For: c.reader}).Save(j, file)
			if err != nil {
				t.Fatal(err)
			}
			for _, loss := range report.Losses {
				if loss.LeftOut {
					j.Remove(func(c jar.Cookie) bool { return c.Name == loss.Cookie })
				}
			}
			pairs := strings.Split(j.Header(request), "; ")
			slices.Sort(pairs)
			c.run(t, file, "", u.String())
			if got, want := s.header(), strings.Join(pairs, "; "); got != want {
				data, _ := os.ReadFile(file)
				t.Errorf("it sends %q, want %q\n%s%v", got, want, data, report.Losses)
			}
		})
	}
}

// TestCurlDump: headers as curl writes them make the cookies that curl itself keeps.
func TestCurlDump(t *testing.T) {
	s := newSite(t)
	file := filepath.Join(t.TempDir(), "headers")
	u, err := url.Parse(s.url + "/page/set")
	if err != nil {
		t.Fatal(err)
	}
	for _, how := range [][]string{
		{"-s", "-D", file, "-o", os.DevNull}, {"-s", "-i", "-o", file}, {"-s", "-v", "-o", os.DevNull},
	} {
		out, err := exec.CommandContext(t.Context(), tool.Find(t, "curl"),
			append(how, "--noproxy", "*", u.String())...).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		data, err := os.ReadFile(file)
		if how[1] == "-v" {
			data = out
		} else if err != nil {
			t.Fatal(err)
		}
		f, ok := format.Detect(data)
		if !ok || f.String() != "headers" {
			t.Fatalf("%q is taken for %q:\n%s", how, f, data)
		}
		var names []string
		n, err := f.With(format.Options{URL: u}).Read(bytes.NewReader(data),
			func(c jar.Cookie) { names = append(names, c.Name) }, func(l format.Loss) { t.Error(l) })
		if err != nil || n.Read != len(sent) {
			t.Errorf("%q: %v, %+v, %q", how, err, n, names)
		}
	}
}
