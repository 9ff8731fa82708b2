package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheAccessLogHasALineForEachRequest(t *testing.T) {
	app := httptest.NewServer(http.NotFoundHandler())
	defer app.Close()
	log := filepath.Join(t.TempDir(), "access.log")
	r := start(t, t.TempDir(), "serve", "--upstream="+app.URL, "--public=/static/", "--access-log="+log,
		"--log-format=json")
	for _, path := range []string{"/static/a.css", "/page?secret=1"} {
		res, err := http.Get(r.site + path)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
	}
	r.end()
	text, err := os.ReadFile(log)
	if err != nil || strings.Count(string(text), "\n") != 2 || strings.Contains(string(text), "secret") ||
		!strings.Contains(string(text), `"path":"/static/a.css","proto":"HTTP/1.1","route":"/static/","status":404`) {
		t.Errorf("got %v\n%s", err, text)
	}
}

func TestVersionAndHelpInTheirUsualSpellings(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"--version", "coatcheck "}, {"version", "coatcheck "}, {"help", "Usage: coatcheck <command>"},
		{"help serve", "Usage: coatcheck serve"}, {"snippet systemd", "[Service]"},
		{"snippet container", "FROM scratch"},
	} {
		var out strings.Builder
		p := Program{Stdout: &out, Stderr: &out}
		if err := p.Run(t.Context(), strings.Fields(c.args)); err != nil || !strings.Contains(out.String(), c.want) {
			t.Errorf("%s: %v: %.300s", c.args, err, out.String())
		}
	}
}
