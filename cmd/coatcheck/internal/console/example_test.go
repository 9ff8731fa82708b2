package console_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"

	"coatcheck.dev/cmd/coatcheck/internal/console"
	"coatcheck.dev/cmd/coatcheck/internal/operator"
	"coatcheck.dev/session"
	"coatcheck.dev/store/memory"
)

func Example() {
	folder, _ := os.MkdirTemp("", "example")
	defer os.RemoveAll(folder)
	operators, _ := operator.Open(filepath.Join(folder, "operators"), filepath.Join(folder, "links"))
	sessions := memory.New()
	c := console.New(console.Options{
		Sessions:  session.New(sessions, session.Options{}),
		Feed:      sessions,
		Operators: operators,
		BaseURL:   "http://localhost:8081",
		What:      "the shop on localhost:8080",
	})
	defer c.Close() // before http.Server.Shutdown

	link := c.SignInLink() // for the terminal
	for range 2 {
		w := httptest.NewRecorder()
		c.Handler(c.Pages()).ServeHTTP(w, httptest.NewRequest(http.MethodGet, link, nil))
		fmt.Println(w.Code, strings.Contains(w.Body.String(), "You are signed in"))
	}
	// Output:
	// 200 true
	// 410 false
}
