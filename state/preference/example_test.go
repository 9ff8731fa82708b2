package preference_test

import (
	"fmt"
	"net/http/httptest"

	"coatcheck.dev/state"
	"coatcheck.dev/state/preference"
	"golang.org/x/text/language"
)

func Example() {
	preferences := preference.New(state.NewInventory(), preference.Spec{})
	theme := preference.NewChoice(preferences, preference.ChoiceSpec[string]{
		Name: "theme", Values: []string{"light", "dark"}, From: preference.ColorScheme,
	})
	tongue := preference.NewLanguage(preferences, preference.LanguageSpec{
		Name: "language", Supported: []language.Tag{language.English, language.German},
	})

	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Accept-Language", "de-AT, en;q=0.5")
	r.Header.Set("Cookie", "__Host-preferences=!theme:dark.")
	w := httptest.NewRecorder()
	fmt.Println(theme.Get(w, r), tongue.Get(w, r))
	fmt.Println(w.Header()["Vary"])
	// Output:
	// dark de
	// [Cookie Accept-Language]
}
