package audit

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"coatcheck.dev/cookie"
	"coatcheck.dev/state"
)

// A Verdict is what the comparison with the inventory says of an item.
type Verdict string

// The verdicts.
const (
	Unjudged Verdict = "unjudged" // there is no inventory
	Declared Verdict = "declared" // it is in the inventory, and as that has it
	Drift    Verdict = "drift"    // it is not, or not so
)

// A Problem is a difference between an item and the inventory.
type Problem struct {
	Rule    string `json:"rule"`
	Message string `json:"message"` // the difference, and what to do about it
}

// A Rule of an audit is a possible difference.
type Rule struct {
	ID, Title, Text string
}

// Rules are all of them.
var Rules = []Rule{
	{undeclared, "The browser keeps something that nobody has declared.",
		"An inventory that lacks something tells neither visitors nor developers the truth."},
	{withoutConsent, "Something is kept without the consent that its purpose needs.",
		"Before a choice, and after a refusal, only what is essential or was chosen may be kept " +
			"(ePrivacy Directive, article 5(3))."},
	{attributes, "A cookie differs from its declaration in its attributes.",
		"Its reach is not the one that was agreed on."},
	{lifetime, "A cookie is kept for longer than its declaration says.",
		"The lifetime in the inventory is what visitors are told."},
}

const (
	undeclared     = "undeclared"
	withoutConsent = "without-consent"
	attributes     = "attributes"
	lifetime       = "lifetime"
)

// Compare judges what was found by an inventory; nil judges nothing.
func (a *Audit) Compare(inventory *state.Inventory) {
	a.Judged = inventory != nil
	used := map[string]bool{}
	for _, i := range a.Items {
		i.Problems = []Problem{}
		if inventory == nil {
			i.Verdict = Unjudged
			continue
		}
		e, ok := inventory.Lookup(i.Kind, i.host(), i.Name)
		if ok {
			used[entryName(&e)] = true
			i.Declared, i.Purpose = e.Description, string(e.Purpose)
			i.compare(&e)
		} else {
			i.add(undeclared, "it is in no inventory: declare it, or take away what keeps it")
		}
		i.Verdict = Declared
		if len(i.Problems) > 0 {
			i.Verdict = Drift
		}
	}
	a.Missing = []string{}
	if inventory == nil {
		return
	}
	for _, e := range inventory.Entries() {
		if e.Place != state.InSession && !used[entryName(&e)] {
			a.Missing = append(a.Missing, entryName(&e))
		}
	}
}

func entryName(e *state.Entry) string {
	return strings.TrimSpace(string(e.Place.Kind()) + " " + e.Name + " " + e.Host)
}

func (i *Item) add(rule, message string) { i.Problems = append(i.Problems, Problem{rule, message}) }

// host is the item's host as inventories have it: none for the site itself.
func (i *Item) host() string {
	if !i.ThirdParty {
		return ""
	}
	if u, err := url.Parse(i.Place); err == nil && u.Host != "" {
		return u.Hostname()
	}
	return strings.TrimPrefix(i.Place, ".")
}

func (i *Item) compare(e *state.Entry) {
	if e.Purpose.NeedsConsent() {
		for _, scene := range []string{before, rejected, withdrawn} {
			if slices.Contains(i.Scenes, scene) {
				i.add(withoutConsent, fmt.Sprintf("it is there %s, and its purpose, %s, needs consent: "+
					"set it when the visitor has agreed, and delete it when they change their mind",
					scene, e.Purpose))
			}
		}
	}
	if i.Attributes == nil {
		return
	}
	// An hour of tolerance: a lifetime may be given as a date that was rounded.
	declared, found := e.Lifetime, seconds(i.Attributes.Lifetime)
	if found > declared+time.Hour {
		i.add(lifetime, fmt.Sprintf("it is kept for %s, and declared for %s", text(found), e.LifetimeText()))
	}
	if e.Attributes != nil {
		i.compareAttributes(e.Attributes)
	}
}

func (i *Item) compareAttributes(want *state.Attributes) {
	differ := func(what string, found, declared any) {
		if found != declared {
			i.add(attributes, fmt.Sprintf("%s is %v, and declared as %v", what, found, declared))
		}
	}
	got := i.Attributes
	differ("Secure", got.Secure, want.Secure)
	differ("HttpOnly", got.HTTPOnly, want.HttpOnly)
	differ("Partitioned", got.Partitioned, want.Partitioned)
	if want.SameSite != cookie.SameSiteUnset {
		differ("SameSite", got.SameSite, want.SameSite.String())
	}
	if want.Path != "" {
		differ("Path", i.Path, want.Path)
	}
	domain := ""
	if strings.HasPrefix(i.Place, ".") {
		domain = i.Place[1:]
	}
	differ("Domain", orText(domain, "none"), orText(strings.TrimPrefix(want.Domain, "."), "none"))
}

func seconds(n int64) time.Duration { return time.Duration(n) * time.Second }

// text is a lifetime in words.
func text(d time.Duration) string {
	for _, unit := range []struct {
		length time.Duration
		name   string
	}{{24 * time.Hour, "days"}, {time.Hour, "hours"}, {time.Minute, "minutes"}} {
		if n := d.Round(unit.length) / unit.length; n >= 2 {
			return fmt.Sprintf("%d %s", n, unit.name)
		}
	}
	return many(int(d/time.Second), "second")
}

// Drifts returns the items that differ from the inventory.
func (a *Audit) Drifts() (list []*Item) {
	for _, i := range a.Items {
		if i.Verdict == Drift {
			list = append(list, i)
		}
	}
	return list
}
