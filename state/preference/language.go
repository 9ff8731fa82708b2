package preference

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/text/language"
)

// A LanguageSpec describes the languages of a site. Both fields are required.
type LanguageSpec struct {
	// Name is the name in the cookie; see [ChoiceSpec].
	Name string

	// Supported are the languages that the site has. The first one is for visitors who read none of them.
	Supported []language.Tag
}

// A Language is the language in which a visitor reads. Its methods are safe for concurrent use.
type Language struct {
	*field
	supported []language.Tag
	texts     []string // the tags as they stand in the cookie
	matcher   language.Matcher
}

const (
	acceptLanguage    Hint = "Accept-Language"
	maxAcceptLanguage      = 1 << 10 // bytes that are looked at; browsers send about 40
)

// NewLanguage declares a language. It panics if the spec is wrong, the name is taken, or the cookie could be too large.
func NewLanguage(g *Group, spec LanguageSpec) Language {
	if len(spec.Supported) == 0 {
		panic(fmt.Errorf("preference: declare %q: there are no languages", spec.Name))
	}
	l := Language{supported: slices.Clone(spec.Supported), matcher: language.NewMatcher(spec.Supported)}
	longest := 0
	for _, tag := range spec.Supported {
		text := tag.String()
		if err := checkValue(text); err != nil {
			panic(fmt.Errorf("preference: declare %q: language %q: %w", spec.Name, text, err))
		}
		l.texts, longest = append(l.texts, text), max(longest, len(text))
	}
	valid := func(value string) bool { return slices.Contains(l.texts, value) }
	l.field = g.mustDeclare(&field{name: spec.Name, hint: acceptLanguage, valid: valid}, longest)
	return l
}

// Get returns the language that the visitor has chosen, or the supported one that fits best what the browser accepts.
func (l Language) Get(w http.ResponseWriter, r *http.Request) language.Tag {
	v, _ := l.Lookup(w, r)
	return v
}

// Lookup returns what Get does, and whether the visitor has chosen it.
func (l Language) Lookup(w http.ResponseWriter, r *http.Request) (v language.Tag, chosen bool) {
	if value, ok := l.chosen(w, r); ok {
		return l.supported[slices.Index(l.texts, value)], true
	}
	vary(w.Header(), string(acceptLanguage))
	return l.supported[l.match(r)], false
}

// match returns the index of the supported language that a browser likes best.
func (l Language) match(r *http.Request) int {
	said := strings.Join(r.Header["Accept-Language"], ",") // proxies may split a list (RFC 9110, section 5.3)
	if said == "" || len(said) > maxAcceptLanguage {
		return 0
	}
	_, i, _ := l.matcher.Match(accepted(said)...)
	return i
}

// accepted returns the languages of a list, the most welcome first. An element that is malformed makes the others no
// less wanted.
func accepted(list string) []language.Tag {
	list = strings.ToLower(list) // capitals mean the same, and package language knows no Q
	if wanted, _, err := language.ParseAcceptLanguage(list); err == nil {
		return wanted
	}
	var good []string
	for element := range strings.SplitSeq(list, ",") {
		if _, _, err := language.ParseAcceptLanguage(element); err == nil {
			good = append(good, element)
		}
	}
	wanted, _, _ := language.ParseAcceptLanguage(strings.Join(good, ","))
	return wanted
}

// Supported returns the declared languages.
func (l Language) Supported() []language.Tag { return slices.Clone(l.supported) }

// Set makes the browser keep a choice; see [Choice.Set].
func (l Language) Set(w http.ResponseWriter, r *http.Request, v language.Tag) error {
	return l.set(w, r, v.String())
}

// Clear takes the choice back.
func (l Language) Clear(w http.ResponseWriter, r *http.Request) error { return l.set(w, r, "") }
