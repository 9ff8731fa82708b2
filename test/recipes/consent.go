package recipes

import (
	"fmt"
	"log/slog"
	"net/http"
	"os"

	"coatcheck.dev/csrf"
	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/state"
	"coatcheck.dev/state/banner"
	"coatcheck.dev/state/policy"
)

var (
	kept    = state.NewInventory()
	consent = state.NewConsent(kept, state.ConsentSpec{})
	seen    = state.NewOptional[string](kept, consent, state.CookieSpec{
		Name: "seen", Purpose: state.Personalization, Description: "the last page that you looked at",
	})
)

func consentSite(sessions *session.Manager, receipts *os.File) http.Handler {
	guard := csrf.New(csrf.Options{})
	ask := banner.New(consent, banner.Options{PolicyURL: "/cookies", Guard: guard})
	kept.SendTo(event.NewQueue(event.LogEvents(slog.Default()), state.WriteReceipts(receipts, nil)))

	mux := http.NewServeMux()
	mux.Handle("/consent/", ask)
	mux.Handle("GET /cookies", policy.Handler(kept, policy.Options{ChoiceURL: "/consent/"}))
	mux.HandleFunc("GET /goods/{name}", func(w http.ResponseWriter, r *http.Request) {
		question, err := ask.HTML(w, r) // nothing for those who have answered
		if err == nil {
			_, err = seen.Set(w, r, r.PathValue("name")) // without consent nothing is set, which is no error
		}
		if err != nil {
			http.Error(w, "Please try again later.", http.StatusInternalServerError)
			return
		}
		fmt.Fprintf(w, `<link rel="stylesheet" href="%s">%s<main>You looked at %q before.</main>
<footer><a href="/consent/">What we may keep</a></footer>`, ask.Style(), question, seen.Get(r))
	})
	return sessions.Handler(guard.Handler(consent.Handler(mux)))
}
