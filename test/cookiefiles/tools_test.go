package cookiefiles

import (
	"bytes"
	"context"
	"database/sql"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite"

	"coatcheck.dev/jar"
	"coatcheck.dev/jar/format"
	"coatcheck.dev/test/internal/tool"
)

// A trip is that of cookies from a program to ours and back again.
type trip struct {
	name  string
	from  format.Format // what the program writes
	to    format.Format // what we write for it
	files [2]string     // names of both
	keeps int           // cookies that the program's own file has
	run   func(t *testing.T, load, save, url string) (path string, args []string)
}

var trips = []trip{
	{"Playwright", format.Playwright, format.Playwright, [2]string{"own.json", "ours.json"}, 9, script("playwright")},
	{"Puppeteer", format.Puppeteer, format.Puppeteer, [2]string{"own.json", "ours.json"}, 9, script("puppeteer")},
	{"Selenium", format.Selenium, format.Selenium, [2]string{"own.json", "ours.json"}, 8, script("selenium")},
	{"tough-cookie", format.ToughCookie, format.ToughCookie, [2]string{"own.json", "ours.json"}, 9,
		script("tough-cookie")},
	{"HTTPie", format.HTTPie, format.HTTPie, [2]string{"own.json", "ours.json"}, 9, httpie},
	{"libsoup", format.Netscape, format.Netscape, [2]string{"own.txt", "ours.txt"}, 7, libsoup},
	{"libsoup database", format.WebKitGTK, format.Netscape, [2]string{"own.sqlite", "ours.txt"}, 7, libsoup},
}

// script runs one for Node, with the browser if it is for one.
func script(name string) func(t *testing.T, load, save, url string) (string, []string) {
	return func(t *testing.T, load, save, url string) (string, []string) {
		args := []string{filepath.Join("testdata", name+".mjs"), load, save, url}
		if name != "tough-cookie" {
			args = append(args, tool.Find(t, "chromium", "chromium-browser", "google-chrome"))
		}
		if name == "selenium" {
			args = append(args, tool.Find(t, "chromedriver"))
		}
		if os.Geteuid() == 0 {
			args = append(args, "--no-sandbox") // Chromium refuses root with one
		}
		return tool.Find(t, "node"), args
	}
}

// httpie keeps one file up to date, and so does libsoup.
func httpie(t *testing.T, load, save, url string) (string, []string) {
	return tool.Find(t, "http"), []string{"--ignore-stdin", "--session=" + load + save, url}
}

func libsoup(t *testing.T, load, save, url string) (string, []string) {
	return tool.Find(t, "gjs"), []string{filepath.Join("testdata", "libsoup.js"), load + save, url}
}

func (p *trip) fetch(t *testing.T, load, save, url string) {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	modules := filepath.Join(cache, "coatcheck", "cookie-clients-1", "package.json")
	if p.from.String() != "httpie" && !strings.HasPrefix(p.name, "libsoup") {
		tool.File(t, "npm packages of cookie clients", modules)
	}
	path, args := p.run(t, load, save, url)
	command := exec.CommandContext(t.Context(), path, args...)
	command.Env = append(os.Environ(), "no_proxy=localhost", "MODULES="+modules, "XDG_CONFIG_HOME="+t.TempDir())
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", p.name, err, out)
	}
}

// load reads the program's own file, whose format its content tells.
func (p *trip) load(t *testing.T, file string) (*jar.Jar, format.Report) {
	t.Helper()
	j := jar.New(jar.Options{})
	if !p.from.Database() {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		f, ok := format.Detect(data)
		if !ok || f.String() != p.from.String() {
			t.Fatalf("its file is taken for %v:\n%s", f, data)
		}
		report, err := f.Import(j, bytes.NewReader(data))
		if err != nil {
			t.Fatalf("%v of\n%s", err, data)
		}
		return j, report
	}
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	f, err := format.DetectDatabase(context.Background(), db)
	if err != nil || f.String() != p.from.String() {
		t.Fatalf("its database is taken for %v: %v", f, err)
	}
	report, err := f.ImportDatabase(context.Background(), j, db)
	if err != nil {
		t.Fatal(err)
	}
	return j, report
}

// TestRoundTripsOfBrowsersAndLibraries: what a program keeps comes back to it from us, and it sends the same cookies.
func TestRoundTripsOfBrowsersAndLibraries(t *testing.T) {
	for _, p := range trips {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			own, ours := filepath.Join(t.TempDir(), p.files[0]), filepath.Join(t.TempDir(), p.files[1])
			p.fetch(t, "", own, s.url+"/page/set")
			j, report := p.load(t, own)
			if report.Read != p.keeps || report.LeftOut > 0 {
				t.Errorf("read: %+v", report)
			}
			p.fetch(t, own, "", s.url+"/page/next")
			want := s.header()
			if !strings.Contains(want, "lasting=2") || !strings.Contains(want, "base64=YWJj==") {
				t.Fatalf("with its own file it sends %q", want)
			}
			back, err := p.to.Save(j, ours)
			if err != nil || back.LeftOut > 0 {
				t.Fatalf("written: %+v, %v", back, err)
			}
			p.fetch(t, ours, "", s.url+"/page/next")
			if got := s.header(); got != want {
				written, _ := os.ReadFile(ours)
				t.Errorf("it sends %q, and with its own file %q\n%s", got, want, written)
			}
		})
	}
}
