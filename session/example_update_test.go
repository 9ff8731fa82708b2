package session_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"coatcheck.dev/session"
	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
)

// A payment provider calls the site back: the order that a session began is paid. The handle was given to the provider
// together with the order, because it is no secret.
func ExampleManager_Update() {
	paid := session.NewKey[bool]("paid")
	sessions := session.New(memory.New(), session.Options{})
	var cookie, order string
	serve := func(fn func(*session.Session)) {
		r, w := httptest.NewRequest(http.MethodGet, "/", nil), httptest.NewRecorder()
		r.Header.Set("Cookie", cookie)
		sessions.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			fn(session.From(r.Context()))
		})).ServeHTTP(w, r)
		for _, c := range w.Result().Cookies() {
			cookie = c.Name + "=" + c.Value
		}
	}
	serve(func(s *session.Session) { _ = s.SignIn("ada") })
	serve(func(s *session.Session) { order = s.Handle().String() })

	callback := func(ctx context.Context, order string) {
		handle, err := store.ParseID(order)
		if err == nil {
			err = sessions.Update(ctx, handle, func(s *session.Session) error { return paid.Set(s, true) })
		}
		switch {
		case errors.Is(err, session.ErrEnded):
			fmt.Println("The visitor is gone.")
		case err != nil:
			fmt.Println("Try again later:", err)
		}
	}
	callback(context.Background(), order)
	serve(func(s *session.Session) { fmt.Println("paid:", paid.Get(s)) })
	// Output:
	// paid: true
}

// The session of somebody at work ends with the shift.
func ExampleUntil() {
	shiftEnds := time.Now().Add(5 * time.Hour)
	sessions := session.New(memory.New(), session.Options{})
	login := sessions.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		s := session.From(r.Context())
		if err := s.SignIn("ada", session.By("badge"), session.Until(shiftEnds)); err != nil {
			fmt.Println(err)
		}
		info, _ := s.Info()
		fmt.Println(info.ExpiresAt.Equal(shiftEnds.Truncate(time.Microsecond)))
	}))
	login.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/login", nil))
	// Output:
	// true
}
