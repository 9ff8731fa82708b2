package browser

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// Navigate goes to an address as if it had been typed in, waits until the page is loaded, and returns the status
// of the last answer.
func (b *Browser) Navigate(url string) int {
	b.t.Helper()
	return do(b, "navigate to "+url, func(ctx context.Context, t *chromedp.Target) (int, error) {
		answer, err := chromedp.NavigateResponse(url)(ctx, t)
		if err != nil {
			return 0, err
		}
		if answer == nil {
			return 0, errors.New("this only moves within the page that is there")
		}
		return int(answer.Status), nil
	})
}

// Submit clicks on a button or link that leads to a page, waits until that is loaded, and returns the status of
// the last answer. Use Click for what stays on the page.
func (b *Browser) Submit(sel string) int {
	b.t.Helper()
	return b.leave("submit "+sel, chromedp.Click(chromedp.CSS(sel)))
}

// Leave runs JavaScript that leads to another page, as location.href = ... does, waits until that is loaded, and
// returns the status of the last answer.
func (b *Browser) Leave(script string) int {
	b.t.Helper()
	return b.leave("leave by "+script, chromedp.Evaluate[chromedp.Void](script+"; undefined"))
}

func (b *Browser) leave(what string, action chromedp.Action[chromedp.Void]) int {
	b.t.Helper()
	if b.tab == nil {
		b.t.Fatalf("%s: the browser is closed", what)
	}
	ctx, cancel := context.WithTimeout(b.tab, b.options.Timeout)
	defer cancel()
	answer, err := chromedp.RunResponse(ctx, action)
	if err != nil {
		b.t.Fatalf("%s: %v%s", what, err, b.where())
	}
	return int(answer.Status)
}

// Click clicks on an element when it is visible.
func (b *Browser) Click(sel string) {
	b.t.Helper()
	do(b, "click "+sel, chromedp.Click(chromedp.CSS(sel)))
}

// Press presses keys for whatever has the focus, such as those of package kb.
func (b *Browser) Press(keys string) {
	b.t.Helper()
	do(b, "press "+quote(keys), chromedp.KeyEvent(keys))
}

// Enter presses the key by which the button or link with the focus leads to a page, waits until that is loaded, and
// returns the status of the last answer.
func (b *Browser) Enter() int {
	b.t.Helper()
	return b.leave("press Enter", chromedp.KeyEvent(kb.Enter))
}

// Fill replaces what a field holds by typing a value into it.
func (b *Browser) Fill(sel, value string) {
	b.t.Helper()
	keys := value
	if value == "" {
		keys = kb.Delete
	}
	field := chromedp.CSS(sel)
	selectAll := "document.querySelector(" + quote(sel) + ").select()"
	do(b, "fill "+sel, chromedp.WaitVisible(field))
	do(b, "fill "+sel, chromedp.Evaluate[chromedp.Void](selectAll))
	do(b, "fill "+sel, chromedp.SendKeys(field, keys))
}

// Text is the text of an element as the visitor sees it, when the element is visible.
func (b *Browser) Text(sel string) (text string) {
	b.t.Helper()
	visible := `Array.from(document.querySelectorAll(` + quote(sel) + `))
		.filter(e => e.checkVisibility()).map(e => e.innerText)`
	b.await(sel+" to be visible", chromedp.Evaluate[[]string](visible), func(texts []string) bool {
		if len(texts) == 0 {
			return false
		}
		text = texts[0]
		return true
	})
	return text
}

// AwaitText waits until the text of an element contains want. It is for pages that change by themselves.
func (b *Browser) AwaitText(sel, want string) {
	b.t.Helper()
	b.await(sel+" to say "+want, texts(sel), func(texts []string) bool {
		return len(texts) > 0 && strings.Contains(texts[0], want)
	})
}

// AwaitCount waits until exactly n elements match.
func (b *Browser) AwaitCount(sel string, n int) {
	b.t.Helper()
	b.await("the right number of "+sel, texts(sel), func(texts []string) bool { return len(texts) == n })
}

// Texts are the texts of all elements that match, in the order of the document, without waiting for any.
func (b *Browser) Texts(sel string) []string {
	b.t.Helper()
	return do(b, "texts of "+sel, texts(sel))
}

func texts(sel string) chromedp.Action[[]string] {
	return chromedp.Evaluate[[]string](`Array.from(document.querySelectorAll(` + quote(sel) + `), e => e.innerText)`)
}

// await looks again and again: a page that is replaced meanwhile takes every observer in it along.
func (b *Browser) await(what string, look chromedp.Action[[]string], ok func(texts []string) bool) {
	b.t.Helper()
	do(b, "wait for "+what, func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		for {
			found, err := look(ctx, t)
			if err == nil && ok(found) {
				return chromedp.Void{}, nil
			}
			select {
			case <-ctx.Done():
				return chromedp.Void{}, ctx.Err()
			case <-time.After(20 * time.Millisecond):
			}
		}
	})
}

// Location is the address of the page.
func (b *Browser) Location() string {
	b.t.Helper()
	return do(b, "location", chromedp.Location())
}

// Eval runs a JavaScript expression in the page and returns its value, or that of its promise, decoded from JSON:
//
//	status := browser.Eval[int](b, `fetch("/api/me").then(answer => answer.status)`)
func Eval[T any](b *Browser, expression string) T {
	b.t.Helper()
	return do(b, "evaluate "+expression, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// quote writes a string as a JavaScript literal.
func quote(s string) string {
	literal, err := json.Marshal(s)
	if err != nil {
		panic(err) // strings always marshal
	}
	return string(literal)
}
