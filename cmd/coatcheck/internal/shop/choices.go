package shop

import (
	"net/http"

	"coatcheck.dev/state"
)

func (s *shop) chooseTheme(w http.ResponseWriter, r *http.Request) {
	theme := r.FormValue("theme")
	if theme != "light" && theme != "dark" {
		s.say(w, r, http.StatusUnprocessableEntity, "What was that?", "Pages are light or dark.")
		return
	}
	if err := s.kept.theme.Set(w, theme); err != nil {
		s.fail(w, r, err)
		return
	}
	back(w, r)
}

// themeOf returns the visitor's choice, or "" for what their system prefers.
func (s *shop) themeOf(r *http.Request) string {
	theme := s.kept.theme.Get(r)
	if theme != "light" && theme != "dark" {
		return ""
	}
	return theme
}

func (s *shop) answerConsent(w http.ResponseWriter, r *http.Request) {
	var agreed []state.Purpose
	if r.FormValue("recent") == "yes" {
		agreed = append(agreed, state.Personalization)
	}
	if err := s.kept.consent.Set(w, r, agreed...); err != nil {
		s.fail(w, r, err)
		return
	}
	back(w, r)
}
