package audit_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"coatcheck.dev/cmd/coatcheck/internal/audit"
	"coatcheck.dev/cmd/coatcheck/internal/shop"
	"coatcheck.dev/session"
	"coatcheck.dev/store/memory"
)

// An undeclared cookie and an undeclared key that are added to the shop are drift, and nothing else there is.
func TestShopWithMore(t *testing.T) {
	needChromium(t)
	t.Parallel()
	sessions := session.New(memory.New(), session.Options{SignInPath: "/login"})
	t.Cleanup(func() { _ = sessions.Close(context.Background()) })
	goods := shop.New(sessions, shop.Options{ConsoleURL: "http://localhost:8081/",
		Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/more":
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, `<!doctype html><title>More</title><script>localStorage.more = 1</script>`)
			return
		case "/cart":
			w.Header().Add("Set-Cookie", "more=1; Path=/; SameSite=Lax")
		}
		goods.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	site := strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	a, err := audit.Look(t.Context(), &audit.Options{Pages: []string{site + "/", site + "/cart", site + "/more"},
		Inventory: shop.Inventory, NoShots: true, Progress: func(line string) { t.Log(line) }})
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, i := range a.Drifts() {
		found = append(found, string(i.Kind)+" "+i.Name)
	}
	if !slices.Equal(found, []string{"cookie more", "localStorage more"}) {
		t.Errorf("found %q", found)
	}
}
