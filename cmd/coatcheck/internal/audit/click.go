package audit

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/audit/chromium"
)

//go:embed click.js
var clickScript string

// errAbsent says that a page has no visible element of a selector.
var errAbsent = errors.New("no visible element matches")

// click clicks on the first visible element of a selector, in any frame, when there is one.
func (v *visitor) click(ctx context.Context, selector string) error {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	if err := v.until(ctx, selector, "e => e.click()"); err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.traffic.last = time.Now() // what follows needs a while to begin
	return nil
}

// fill replaces the text of the first visible field of a selector, as if it had been typed.
func (v *visitor) fill(ctx context.Context, selector, text string) error {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	return v.until(ctx, selector, `e => {
		e.focus()
		e.select?.()
		document.execCommand("insertText", false, `+quote(text)+`)
		if (e.value !== `+quote(text)+`) e.value = `+quote(text)+`
		e.dispatchEvent(new Event("change", {bubbles: true}))
	}`)
}

// has reports whether a visible element of a selector is there, in any frame.
func (v *visitor) has(ctx context.Context, selector string) bool {
	return v.try(ctx, selector, "() => {}") == nil
}

// until tries until an element is there, or ctx ends.
func (v *visitor) until(ctx context.Context, selector, action string) error {
	for {
		err := v.try(ctx, selector, action)
		if !errors.Is(err, errAbsent) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// try calls a function with the first visible element of a selector.
func (v *visitor) try(ctx context.Context, selector, action string) error {
	script := clickScript + "(" + quote(selector) + ", " + action + ")"
	for _, s := range v.sessions() {
		for _, id := range v.framesOf(ctx, s) {
			found, err := evaluate[string](ctx, s, id, script)
			switch {
			case err != nil || found == "absent": // the frame may have gone
			case found == "done":
				return nil
			default:
				return fmt.Errorf("%q is no selector: %s", selector, found)
			}
		}
	}
	return fmt.Errorf("%w %s", errAbsent, selector)
}

// sessions are those of the tab and its frames, the tab first.
func (v *visitor) sessions() []*chromium.Session {
	list := []*chromium.Session{v.tab}
	for _, s := range v.browser.Sessions() {
		if s.Target.Type == "iframe" {
			list = append(list, s)
		}
	}
	return list
}

// quote writes a string as a JavaScript literal.
func quote(s string) string {
	literal, err := json.Marshal(s)
	if err != nil {
		panic(err) // strings always marshal
	}
	return string(literal)
}
