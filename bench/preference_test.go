package bench

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"coatcheck.dev/state"
	"coatcheck.dev/state/preference"
	"golang.org/x/text/language"
)

// BenchmarkPreferenceRead reads one preference of a few values out of a cookie with four, among the cookies that a
// request of a shop has.
func BenchmarkPreferenceRead(b *testing.B) {
	group := preference.New(state.NewInventory(), preference.Spec{})
	preference.NewLanguage(group, preference.LanguageSpec{
		Name: "language", Supported: []language.Tag{language.English, language.German}})
	preference.NewFlag(group, preference.FlagSpec{Name: "motion"})
	theme := preference.NewChoice(group, preference.ChoiceSpec[string]{
		Name: "theme", Values: []string{"light", "dark"}})
	preference.NewNumber(group, preference.NumberSpec{Name: "rows", Min: 10, Max: 100})
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Cookie", "__Host-session=1."+strings.Repeat("a", 22)+"."+strings.Repeat("b", 32)+
		"; __Host-csrf="+strings.Repeat("c", 43)+"; __Host-preferences=!language:de.motion:0.theme:dark.rows:20."+
		"; __Host-consent=1~29399000~analytics~marketing; _ga=GA1.1.1234567890.1234567890; lang=de")
	w := httptest.NewRecorder()
	w.Header().Set("Vary", "Cookie") // as sessions do
	b.Run("coatcheck", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if theme.Get(w, r) != "dark" {
				b.Fatal("another theme")
			}
		}
	})
	b.Run("nethttp", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if themeByHand(r) != "dark" {
				b.Fatal("another theme")
			}
		}
	})
}

// themeByHand is Request.Cookie and a switch, with the same format.
func themeByHand(r *http.Request) string {
	c, err := r.Cookie("__Host-preferences")
	if err != nil {
		return ""
	}
	for pair := range strings.SplitSeq(strings.TrimPrefix(c.Value, "!"), ".") {
		name, value, _ := strings.Cut(pair, ":")
		if name != "theme" {
			continue
		}
		switch value {
		case "light", "dark":
			return value
		}
	}
	return ""
}
