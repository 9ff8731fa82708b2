package audit

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"coatcheck.dev/jar"
)

// The scenes that every audit has if there is a banner. Scripts have their own.
const (
	before    = "before a choice"
	rejected  = "after a refusal"
	accepted  = "after an agreement"
	withdrawn = "after a withdrawal"

	withCookies = "with cookies of a file"
)

// A director plays the scenes of an audit.
type director struct {
	options *Options
	pages   []*url.URL
	ledger  *ledger
	audit   *Audit
	shots   int
}

// play plays all scenes. A site that cannot be reached at all is an error; what fails later is a note of its scene.
func (d *director) play(ctx context.Context) error {
	banner := false
	err := d.with(ctx, func(v *visitor) error {
		if err := d.scene(ctx, v, before, func() error { return d.walk(ctx, v) }); err != nil {
			return err
		}
		banner = v.visit(ctx, d.pages[0].String()) == nil && v.has(ctx, d.accept()) && v.has(ctx, d.reject())
		if !banner {
			d.current().Note = orText(d.current().Note, noBanner)
			return nil
		}
		return d.choose(ctx, v, rejected, d.reject())
	})
	if err == nil && banner {
		err = d.with(ctx, func(v *visitor) error { return d.agree(ctx, v) })
	}
	if err == nil && len(d.options.Cookies) > 0 {
		err = d.with(ctx, func(v *visitor) error {
			return d.scene(ctx, v, withCookies, func() error {
				if err := v.bring(ctx, d.options.Cookies); err != nil {
					return err
				}
				return d.walk(ctx, v)
			})
		})
	}
	for _, s := range d.options.Scripts {
		if err != nil {
			break
		}
		err = d.with(ctx, func(v *visitor) error {
			return d.scene(ctx, v, "script "+s.Name, func() error { return d.perform(ctx, v, s) })
		})
	}
	return err
}

const noBanner = "no banner was found, so nothing was refused or agreed to; " +
	"name its buttons with --banner-accept and --banner-reject"

// agree plays an agreement, and a withdrawal if there is a way to one.
func (d *director) agree(ctx context.Context, v *visitor) error {
	v.enter(before)
	first := d.pages[0].String()
	if err := v.visit(ctx, first); err != nil {
		return err
	}
	if err := d.choose(ctx, v, accepted, d.accept()); err != nil {
		return err
	}
	if v.visit(ctx, first) != nil {
		return ctx.Err()
	}
	if !v.has(ctx, d.reject()) && v.has(ctx, d.settings()) {
		_ = d.act(ctx, v, &step{verb: "click", argument: d.settings()}) // what comes of it shows at once
	}
	if !v.has(ctx, d.reject()) {
		d.current().Note = orText(d.current().Note, "no way to withdraw was found; name it with --banner-settings")
		return ctx.Err()
	}
	return d.choose(ctx, v, withdrawn, d.reject())
}

func (d *director) accept() string   { return orText(d.options.Accept, mark("accept")) }
func (d *director) reject() string   { return orText(d.options.Reject, mark("reject")) }
func (d *director) settings() string { return orText(d.options.Settings, mark("settings")) }

// mark is the selector of a button of our own banner.
func mark(button string) string { return `[data-coatcheck-consent="` + button + `"]` }

func orText(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// with starts a browser for some scenes.
func (d *director) with(ctx context.Context, play func(*visitor) error) error {
	v, err := newVisitor(ctx, d.options, d.ledger)
	if err != nil {
		return err
	}
	defer v.browser.Close()
	return play(v)
}

// scene plays one scene and notes what became of it.
func (d *director) scene(ctx context.Context, v *visitor, name string, play func() error) error {
	d.audit.Scenes = append(d.audit.Scenes, Scene{Name: name})
	v.enter(name)
	d.options.progress(name)
	err := play()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil && len(d.audit.Scenes) == 1:
		return err
	case err != nil:
		d.current().Note = err.Error()
		d.options.progress("  " + err.Error())
	}
	return nil
}

func (d *director) current() *Scene { return &d.audit.Scenes[len(d.audit.Scenes)-1] }

// open opens a page, in the scene that is played.
func (d *director) open(ctx context.Context, v *visitor, u *url.URL) error {
	d.options.progress("  " + bare(u.String()))
	if err := v.visit(ctx, u.String()); err != nil {
		return err
	}
	d.current().Pages++
	d.shoot(ctx, v)
	return nil
}

// walk opens the given pages, and others of the site that they link to.
func (d *director) walk(ctx context.Context, v *visitor) error {
	seen, queue, left := map[string]bool{}, []*url.URL(nil), d.options.Links
	for _, u := range d.pages {
		seen[address(u)] = true
	}
	follow := func() {
		for _, u := range v.links(ctx) {
			if len(queue) < left && !seen[address(u)] && d.follows(u) {
				seen[address(u)] = true
				queue = append(queue, u)
			}
		}
	}
	for i, u := range d.pages {
		if err := d.open(ctx, v, u); err != nil {
			if i == 0 || ctx.Err() != nil {
				return err
			}
			d.current().Note = err.Error()
			continue
		}
		follow()
	}
	for len(queue) > 0 && left > 0 {
		u := queue[0]
		queue, left = queue[1:], left-1
		if err := d.open(ctx, v, u); ctx.Err() != nil {
			return ctx.Err()
		} else if err != nil {
			d.current().Note = err.Error() // a dead link is nothing to end for
			continue
		}
		follow()
	}
	return nil
}

func address(u *url.URL) string {
	plain := *u
	plain.Fragment = ""
	return plain.String()
}

// leaving are words of links that sign out or delete: a walk does not follow these.
var leaving = []string{"logout", "log-out", "log_out", "signout", "sign-out", "sign_out", "logoff", "abmelden",
	"delete", "remove", "unsubscribe"}

// follows reports whether a walk follows a link: to the same site, at the same port, and to a page that seems to change
// nothing.
func (d *director) follows(u *url.URL) bool {
	site := d.pages[0]
	if !jar.SameSite(u, site) || u.Port() != site.Port() {
		return false
	}
	text := strings.ToLower(u.Path + "?" + u.RawQuery)
	for _, word := range leaving {
		if strings.Contains(text, word) {
			return false
		}
	}
	return true
}

// choose begins a scene by a click on a button of the banner, which is there, and walks.
func (d *director) choose(ctx context.Context, v *visitor, scene, button string) error {
	return d.scene(ctx, v, scene, func() error {
		if err := d.act(ctx, v, &step{verb: "click", argument: button}); err != nil {
			return err
		}
		return d.walk(ctx, v)
	})
}

// perform does the steps of a script.
func (d *director) perform(ctx context.Context, v *visitor, s *Script) error {
	for i := range s.steps {
		if err := d.act(ctx, v, &s.steps[i]); err != nil {
			return fmt.Errorf("line %d: %w", s.steps[i].line, err)
		}
	}
	if s.walks() {
		return nil
	}
	return d.walk(ctx, v)
}

// act does one step.
func (d *director) act(ctx context.Context, v *visitor, s *step) error {
	if s.verb == "walk" {
		return d.walk(ctx, v)
	}
	v.mu.Lock()
	at := v.now()
	v.mu.Unlock()
	d.ledger.happen(Happening{at.Scene, at.After, s.verb, cut(s.argument)})
	switch s.verb {
	case "open":
		u, err := d.pages[0].Parse(s.argument)
		if err != nil || parse(u.String()) == nil {
			return fmt.Errorf("%.80q is no URL", s.argument)
		}
		return d.open(ctx, v, u)
	case "fill":
		return v.fill(ctx, s.argument, s.text)
	case "wait":
		inner, cancel := context.WithTimeout(ctx, loadTime)
		defer cancel()
		if err := v.until(inner, s.argument, "() => {}"); err != nil {
			return err
		}
		return v.snapshot(ctx)
	case "click":
		if err := v.click(ctx, s.argument); err != nil {
			return err
		}
		if err := v.rest(ctx); err != nil {
			return err
		}
		d.shoot(ctx, v)
		return nil
	}
	return errors.New("no such step")
}
