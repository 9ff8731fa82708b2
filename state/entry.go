package state

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"coatcheck.dev/cookie"
)

// An Entry describes one thing that is kept: a cookie, a key of the session, or something in the browser's storage.
// Name, Place, Purpose and Description are required, and Host for the cookie of a third party.
type Entry struct {
	// Name is the name in the browser, with its prefix, or in the session. One that ends with '*' stands for all names
	// that begin like it, for software that makes names up, such as "_ga_*".
	Name string

	Place Place

	// Host is the other site that keeps it, such as "video.example", for all hosts of that domain. It is empty for what
	// this site keeps.
	Host string

	Purpose Purpose

	// Sensitivity is [Personal] unless it is declared, and [Secret] for a ticket.
	Sensitivity Sensitivity

	// Lifetime is the longest time that it is kept. Zero means until the browser closes, as long as the session, or in
	// the browser's storage: until the visitor clears it.
	Lifetime time.Duration

	// Description tells in a few words what it is for. Translations have the same in other languages, by their tags
	// (BCP 47), such as "de".
	Description  string
	Translations map[string]string

	// Owner is who answers for it: a team or a person. Recipients are those outside the site who get it. Both are
	// optional, and so is LegalBasis.
	Owner      string
	Recipients []string
	LegalBasis LegalBasis

	// Attributes are those of a cookie. Nil means that they are not declared, and then any will do.
	Attributes *Attributes
}

// Attributes are the attributes of a cookie that decide who gets it. They are those of [cookie.Cookie].
type Attributes struct {
	Path, Domain                  string
	Secure, HttpOnly, Partitioned bool
	SameSite                      cookie.SameSite
}

// attributesOf returns the attributes that a cookie is declared with.
func attributesOf(c *cookie.Cookie) *Attributes {
	return &Attributes{Path: c.Path, Domain: c.Domain, Secure: c.Secure, HttpOnly: c.HttpOnly,
		Partitioned: c.Partitioned, SameSite: c.SameSite}
}

// Cookie returns a cookie without a value that has the attributes and lifetime of the entry, such as for its Deletion.
// Where no attributes are declared they are those of most cookies: Path=/ and no Domain.
func (e *Entry) Cookie() *cookie.Cookie {
	c := &cookie.Cookie{Name: e.Name, MaxAge: e.Lifetime, Path: "/"}
	if a := e.Attributes; a != nil {
		c.Path, c.Domain, c.SameSite = a.Path, a.Domain, a.SameSite
		c.Secure, c.HttpOnly, c.Partitioned = a.Secure, a.HttpOnly, a.Partitioned
	}
	return c
}

// clone returns a copy that shares nothing with the entry.
func (e Entry) clone() Entry {
	e.Translations = maps.Clone(e.Translations)
	e.Recipients = slices.Clone(e.Recipients)
	if e.Attributes != nil {
		a := *e.Attributes
		e.Attributes = &a
	}
	return e
}

// DescriptionIn returns the description in a language, by its tag, or Description if it is not translated. What is
// translated into "de" is so into "de-CH".
func (e *Entry) DescriptionIn(language string) string {
	for {
		if text, ok := e.Translations[language]; ok {
			return text
		}
		i := strings.LastIndexByte(language, '-')
		if i < 0 {
			return e.Description
		}
		language = language[:i]
	}
}

const maxText = 1024 // bytes

// check reports what is wrong with a declaration. The sensitivity has its default.
func (e *Entry) check() error {
	switch {
	case e.Name == "" || e.Name == "*":
		return errors.New("there is no name")
	case e.Lifetime < 0:
		return errors.New("the lifetime is negative")
	case e.Lifetime%time.Second != 0:
		return fmt.Errorf("the lifetime %v is not in whole seconds", e.Lifetime)
	case strings.TrimSpace(e.Description) == "":
		return errors.New("there is no description: say in a few words what it is for")
	}
	errs := []error{checkText("name", e.Name), e.Place.check(), e.Purpose.check(), e.Sensitivity.check(e.Place),
		e.checkHost(), checkText("description", e.Description), checkText("owner", e.Owner),
		e.LegalBasis.check(e.Purpose), e.checkAttributes()}
	for _, language := range slices.Sorted(maps.Keys(e.Translations)) {
		errs = append(errs, checkText("language", language), checkText("translation", e.Translations[language]))
	}
	for _, who := range e.Recipients {
		errs = append(errs, checkText("recipient", who))
	}
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// checkText keeps texts to one line, because they stand in tables.
func checkText(what, text string) error {
	switch {
	case len(text) > maxText:
		return fmt.Errorf("the %s is longer than %d bytes: say it in a few words", what, maxText)
	case !utf8.ValidString(text):
		return fmt.Errorf("the %s is not UTF-8", what)
	case strings.ContainsFunc(text, unicode.IsControl):
		return fmt.Errorf("the %s has more than one line, or a tab or control character: say it in a few words", what)
	}
	return nil
}

func (e *Entry) checkHost() error {
	kind := e.Place.Kind()
	switch {
	case kind == KindThirdPartyCookie && e.Host == "":
		return errors.New("there is no host: say which other site keeps the cookie")
	case e.Host != "" && (kind == KindCookie || kind == KindSession):
		return fmt.Errorf("a %s has the host %.64q, and is this site's own: leave the host out, "+
			"or declare a third-party cookie", e.Place, e.Host)
	case e.Host == "":
		return nil
	}
	c := cookie.Cookie{Name: "name", Domain: e.Host, Path: "/"}
	if err := c.Check(); err != nil || e.Host != strings.ToLower(e.Host) {
		return fmt.Errorf("the host %.64q is no name of a host in small letters, such as \"video.example\"", e.Host)
	}
	return nil
}

func (e *Entry) checkAttributes() error {
	kind := e.Place.Kind()
	switch {
	case e.Attributes == nil:
		return nil
	case kind != KindCookie && kind != KindThirdPartyCookie:
		return fmt.Errorf("it has attributes, and is no cookie")
	}
	probe := e.Cookie()
	probe.Value = "probe"
	return probe.Check()
}

// LifetimeText returns the lifetime in words.
func (e Entry) LifetimeText() string {
	switch {
	case e.Lifetime != 0:
		return duration(e.Lifetime)
	case e.Place == InSession:
		return "the session"
	case e.Place == InSessionStorage:
		return "until the tab closes"
	case e.Place.Kind() == KindCookie || e.Place == InThirdPartyCookie || e.Place == "":
		return "until the browser closes"
	}
	return "until it is cleared"
}

func duration(d time.Duration) string {
	for _, unit := range []struct {
		length time.Duration
		name   string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}, {time.Second, "second"}} {
		if d%unit.length == 0 {
			n := int64(d / unit.length)
			if n == 1 {
				return "1 " + unit.name
			}
			return fmt.Sprintf("%d %ss", n, unit.name)
		}
	}
	return d.String()
}
