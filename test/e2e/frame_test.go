package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"coatcheck.dev/test/internal/browser"
)

// An app in frames of two other sites has a session in each of them, and one of its own; with the default cookie it has
// none in a frame.
func TestAppInFramesOfOtherSites(t *testing.T) {
	t.Parallel()
	app := httptest.NewServer(http.HandlerFunc(countVisits))
	t.Cleanup(app.Close)
	framing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<title>waiting</title><script>onmessage = e => { document.querySelector("h1").textContent = e.data }
</script><h1>waiting</h1><iframe src="http://app.localhost:%s/count"></iframe>`, r.FormValue("port"))
	}))
	t.Cleanup(framing.Close)
	b := browser.Start(t, browser.Options{})
	for _, c := range []struct {
		name, cookie string
		want         []string // in the order of the visits below
	}{
		{"partitioned", "cookie: {partitioned: true}\n", []string{"1", "2", "1", "1", "3", "2"}},
		{"default", "", []string{"1", "1", "1", "1", "1", "2"}},
	} {
		file := filepath.Join(t.TempDir(), "coatcheck.yaml")
		text := "upstream: " + app.URL + "\n" + c.cookie
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		h := open(t, "serve", "--config", file)
		_, port, _ := strings.Cut(strings.TrimPrefix(h.site, "http://"), ":")
		own := "http://app.localhost:" + port + "/count"
		frameOf := func(site string) string {
			return strings.Replace(framing.URL, "127.0.0.1", site+".localhost", 1) + "/?port=" + port
		}
		b.ClearCookies()
		for i, url := range []string{frameOf("one"), frameOf("one"), frameOf("two"), own, frameOf("one"), own} {
			b.Navigate(url)
			b.AwaitCount("h1", 1)
			if url != own {
				b.AwaitText("h1", "visit "+c.want[i])
			} else if got := b.Text("h1"); got != "visit "+c.want[i] {
				t.Errorf("%s: at the app itself it is %q, want visit %s", c.name, got, c.want[i])
			}
		}
	}
}

// countVisits tells its page, and the one that has it in a frame, how often it has been visited in this session.
func countVisits(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/count" {
		return
	}
	var data struct{ Visits int }
	_ = json.Unmarshal([]byte(r.Header.Get("Coatcheck-Data")), &data)
	w.Header().Set("Coatcheck-Set", fmt.Sprintf("visits=%d", data.Visits+1))
	w.Header().Set("Content-Type", "text/html")
	fmt.Fprintf(w, `<h1>visit %[1]d</h1><script>parent.postMessage("visit %[1]d", "*")</script>`, data.Visits+1)
}
