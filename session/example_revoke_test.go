package session_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"coatcheck.dev/session"
	"coatcheck.dev/store/memory"
)

// Handles are public names: lists show them, and ending a session by its handle is final.
func ExampleManager_Revoke() {
	sessions := session.New(memory.New(), session.Options{})
	login := sessions.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		session.From(r.Context()).SignIn("ada")
	}))
	for _, browser := range []string{"Firefox", "Chrome"} {
		r := httptest.NewRequest(http.MethodPost, "/login", nil)
		r.Header.Set("User-Agent", browser)
		login.ServeHTTP(httptest.NewRecorder(), r)
	}

	ctx := context.Background()
	devices, err := sessions.List(ctx, "ada")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, device := range devices {
		if device.Device.UserAgent == "Firefox" {
			existed, err := sessions.Revoke(ctx, device.Handle)
			fmt.Println("ended:", existed, err)
		}
	}
	left, err := sessions.Count(ctx, "ada")
	fmt.Println("left:", left, err)
	// Output:
	// ended: true <nil>
	// left: 1 <nil>
}
