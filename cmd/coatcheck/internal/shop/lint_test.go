package shop_test

import (
	"context"
	"io"
	"log/slog"
	"testing"

	"coatcheck.dev/cmd/coatcheck/internal/shop"
	"coatcheck.dev/lint"
	"coatcheck.dev/session"
	"coatcheck.dev/store/memory"
)

// Whatever a visitor does, the linter has nothing to say about the cookies.
func TestCookiesAreClean(t *testing.T) {
	sessions := session.New(memory.New(), session.Options{SignInPath: "/login"})
	defer sessions.Close(context.Background())
	handler := shop.New(sessions, shop.Options{ConsoleURL: "http://localhost:8081/",
		Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	report := lint.Handler(t, handler,
		lint.Get("/"), lint.PostForm("/theme", "theme", "dark"), lint.PostForm("/consent/", "answer", "accept"),
		lint.Get("/goods/tea"), lint.PostForm("/cart", "item", "tea"), lint.Get("/account/"),
		lint.PostForm("/login", "user", "ada", "password", "lovelace", "remember", "yes"), lint.Get("/account/"),
		lint.PostForm("/logout"), lint.PostForm("/consent/", "answer", "reject"), lint.Get("/"),
	)
	if n := report.Count(lint.Note); n > 0 {
		t.Errorf("%d findings", n)
	}
	set := map[string]bool{}
	for _, c := range report.Cookies {
		set[c.Line.Name] = true
		for _, o := range c.Outcomes {
			if !o.Kept() {
				t.Errorf("%s drops %s: %v", o.Browser, c.Line.Name, o.Reasons)
			}
		}
	}
	if len(set) < 4 {
		t.Errorf("only %v have been set", set)
	}
}
