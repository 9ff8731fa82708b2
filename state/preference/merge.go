package preference

import (
	"context"
	"fmt"
	"net/http"
	"slices"
)

// Users keeps the preferences of users, in the app's own database. Its methods may be called from any number of
// goroutines.
type Users interface {
	// LoadPreferences returns what was saved last for the user, "" if nothing was.
	LoadPreferences(ctx context.Context, user string) (string, error)

	// SavePreferences keeps a text of at most 1024 bytes, in printable ASCII.
	SavePreferences(ctx context.Context, user, preferences string) error
}

// Merge brings the preferences of this browser and those saved for a user together. Call it when the user has signed
// in. The package comment has the rule. An error is one of [Users], and then the browser's preferences are as they
// were. Without Users it does nothing.
func (g *Group) Merge(w http.ResponseWriter, r *http.Request, user string) error {
	if g.users == nil || user == "" {
		return nil
	}
	saved, err := g.users.LoadPreferences(r.Context(), user)
	if err != nil {
		return fmt.Errorf("preference: load those of a user: %w", err)
	}
	theirs, _ := parse(saved)
	here := g.current(w, r)
	var merged []pair
	for _, f := range g.declared() {
		mine, isMine := f.among(here)
		if own, isTheirs := f.among(theirs); isTheirs && (!isMine || mine.merged) {
			mine, isMine = own, true
		}
		if isMine {
			merged = append(merged, pair{f.name, mine.value, true})
		}
	}
	text := render(merged)
	if text == saved {
		return g.write(w, r, text)
	}
	return g.save(w, r, user, text)
}

// save keeps a text for a user, and then in the browser.
func (g *Group) save(w http.ResponseWriter, r *http.Request, user, text string) error {
	if err := g.users.SavePreferences(r.Context(), user, text); err != nil {
		return fmt.Errorf("preference: save those of a user: %w", err)
	}
	return g.write(w, r, text)
}

// write makes the browser keep a text, unless it does so already.
func (g *Group) write(w http.ResponseWriter, r *http.Request, text string) error {
	sent, inRequest := g.cookie.Lookup(r)
	set, inResponse := g.cookie.Pending(w)
	switch {
	case inResponse && set == text, !inResponse && inRequest && sent == text:
		return nil
	case text == "":
		if _, err := r.Cookie(g.Name()); inResponse || err == nil {
			g.cookie.Delete(w)
		}
		return nil
	}
	return g.cookie.Set(w, text)
}

// current returns the pairs that the browser will have after this response, as far as they are declared.
func (g *Group) current(w http.ResponseWriter, r *http.Request) []pair {
	text, ok := g.cookie.Pending(w)
	if !ok {
		text, ok = g.cookie.Lookup(r)
	}
	if !ok {
		return nil
	}
	pairs, ok := parse(text)
	if !ok {
		g.cookie.CountMalformed()
	}
	return pairs
}

func (g *Group) declared() []*field {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.fields[:len(g.fields):len(g.fields)]
}

// among returns the field's first pair, if its value is declared.
func (f *field) among(pairs []pair) (p pair, ok bool) {
	i := slices.IndexFunc(pairs, func(p pair) bool { return p.name == f.name })
	if i < 0 || !f.valid(pairs[i].value) {
		return pair{}, false
	}
	return pairs[i], true
}

// set changes one value, or takes it out if it is "", and keeps the others.
func (f *field) set(w http.ResponseWriter, r *http.Request, value string) error {
	if value != "" && !f.valid(value) {
		return fmt.Errorf("preference: set %s to %.64q: %w", f.name, value, ErrValue)
	}
	g := f.group
	user := ""
	if g.users != nil {
		user = g.user(r)
	}
	here := g.current(w, r)
	var pairs []pair
	for _, other := range g.declared() {
		p, ok := other.among(here)
		if other == f {
			p, ok = pair{name: f.name, value: value}, value != ""
		}
		if ok {
			p.merged = p.merged || user != ""
			pairs = append(pairs, p)
		}
	}
	if user != "" {
		return g.save(w, r, user, render(pairs))
	}
	return g.write(w, r, render(pairs))
}
