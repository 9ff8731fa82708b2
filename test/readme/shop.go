// Package readme holds README's example, so that it compiles, and the test that it is README's.
package readme

import (
	"database/sql"
	"net/http"

	_ "modernc.org/sqlite"

	"coatcheck.dev/session"
	"coatcheck.dev/store/sql"
)

func checkPassword(*http.Request) (user string, ok bool) { return "ada", true }

func serve() error {
	// The lines from here are README's.
	db, err := sql.Open("sqlite", "shop.db")
	if err != nil {
		return err
	}
	sessions := session.New(sqlstore.New(db, sqlstore.SQLite), session.Options{}) // zero options are the safe ones
	http.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		if user, ok := checkPassword(r); !ok {
			http.Error(w, "Please try again.", http.StatusUnauthorized)
		} else if err := session.From(r.Context()).SignIn(user, session.By("password")); err != nil {
			http.Error(w, "Please try again later.", http.StatusServiceUnavailable)
		} // signed in: a new ticket, the old one is dead, and what the visitor had in Cart came along
	})
	return http.ListenAndServe("localhost:8080", sessions.Handler(http.DefaultServeMux))
	// The lines to here are README's.
}

// Cart is a typed value, taken over at sign-in.
var Cart = session.NewKey[[]string]("cart", session.Carry)
