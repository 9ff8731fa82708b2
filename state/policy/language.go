package policy

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"coatcheck.dev/state"
	"golang.org/x/text/language"
)

// A Language has the words of the page in one language. [ParseLanguage] reads it from a file like languages/en.json.
type Language struct {
	tag   language.Tag
	words Words
}

// Words are what a language's file says. A lifetime's unit has one form for one, and one for several.
type Words struct {
	Tag           string                 `json:"tag"`
	Name          string                 `json:"name"`
	Title         string                 `json:"title"`
	Intro         string                 `json:"intro"`
	Choice        string                 `json:"choice"`
	Contact       string                 `json:"contact"`
	NeedsConsent  string                 `json:"needs_consent"`
	NeedsNone     string                 `json:"needs_none"`
	Nothing       string                 `json:"nothing"`
	Languages     string                 `json:"languages"`
	Other         string                 `json:"other"`
	Where         string                 `json:"where"`
	HowLong       string                 `json:"how_long"`
	WhoDecides    string                 `json:"who_decides"`
	About         string                 `json:"about"`
	Owner         string                 `json:"owner"`
	Recipients    string                 `json:"recipients"`
	LegalBasis    string                 `json:"legal_basis"`
	KeptBy        string                 `json:"kept_by"`
	Purposes      map[string][2]string   `json:"purposes"`
	Places        map[state.Place]string `json:"places"`
	Controllers   map[string]string      `json:"controllers"`
	Sensitivities map[string]string      `json:"sensitivities"`
	Bases         map[string]string      `json:"bases"`
	UntilClose    string                 `json:"until_close"`
	UntilTab      string                 `json:"until_tab"`
	UntilClear    string                 `json:"until_clear"`
	AsSession     string                 `json:"as_session"`
	UpTo          string                 `json:"up_to"`
	Day           [2]string              `json:"day"`
	Hour          [2]string              `json:"hour"`
	Minute        [2]string              `json:"minute"`
	Second        [2]string              `json:"second"`
}

//go:embed languages
var files embed.FS

// English and German are the languages that come along.
var (
	English = mustRead("en")
	German  = mustRead("de")
)

func mustRead(tag string) *Language {
	text, err := files.ReadFile("languages/" + tag + ".json")
	if err != nil {
		panic(err) // the file is part of the program
	}
	l, err := ParseLanguage(text)
	if err != nil {
		panic(err)
	}
	return l
}

// ParseLanguage reads the words of a language: a JSON file with the fields of languages/en.json, all of them. Purposes
// of the app's own may have words as well. An error says what is missing.
func ParseLanguage(data []byte) (*Language, error) {
	var w Words
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&w); err != nil {
		return nil, fmt.Errorf("policy: language: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("policy: language: there is something behind the JSON value")
	}
	tag, err := language.Parse(w.Tag)
	if err != nil {
		return nil, fmt.Errorf("policy: language: the tag %.64q is none of BCP 47, such as \"pt-BR\"", w.Tag)
	}
	if missing := w.missing(); missing != "" {
		return nil, fmt.Errorf("policy: language %s: there is no text for %s", w.Tag, missing)
	}
	return &Language{tag, w}, nil
}

// missing names the first text that is not there.
func (w *Words) missing() string {
	text, err := json.Marshal(w)
	if err != nil {
		return err.Error()
	}
	var have, want any
	if json.Unmarshal(text, &have) != nil || json.Unmarshal(fieldsOfEnglish(), &want) != nil {
		return "anything"
	}
	return lacks("", have, want)
}

func fieldsOfEnglish() []byte {
	text, _ := files.ReadFile("languages/en.json")
	return text
}

// lacks goes through what English has.
func lacks(at string, have, want any) string {
	switch want := want.(type) {
	case string:
		if text, _ := have.(string); strings.TrimSpace(text) == "" {
			return at
		}
	case []any:
		list, _ := have.([]any)
		for i, w := range want {
			if i >= len(list) {
				return at
			}
			if missing := lacks(at, list[i], w); missing != "" {
				return missing
			}
		}
	case map[string]any:
		fields, _ := have.(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(want)) {
			if missing := lacks(strings.TrimPrefix(at+"."+name, "."), fields[name], want[name]); missing != "" {
				return missing
			}
		}
	}
	return ""
}

// lifetime says how long something is kept.
func (w *Words) lifetime(e *state.Entry) string {
	switch d := e.Lifetime; {
	case d == 0 && e.Place == state.InSession:
		return w.AsSession
	case d == 0 && e.Place == state.InSessionStorage:
		return w.UntilTab
	case d == 0 && (e.Place.Kind() == state.KindCookie || e.Place == state.InThirdPartyCookie):
		return w.UntilClose
	case d == 0:
		return w.UntilClear
	}
	for _, unit := range []struct {
		length time.Duration
		names  [2]string
	}{{24 * time.Hour, w.Day}, {time.Hour, w.Hour}, {time.Minute, w.Minute}, {time.Second, w.Second}} {
		if e.Lifetime%unit.length == 0 {
			n, form := int64(e.Lifetime/unit.length), 1
			if n == 1 {
				form = 0
			}
			return fmt.Sprintf("%s %d %s", w.UpTo, n, unit.names[form])
		}
	}
	return w.UpTo + " " + e.Lifetime.String() // declarations are in whole seconds
}
