package audit

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"

	"coatcheck.dev/cmd/coatcheck/internal/audit/chromium"
	"coatcheck.dev/state"
)

//go:embed snapshot.js
var snapshotScript string

// snapshot lists what is there now.
func (v *visitor) snapshot(ctx context.Context) error {
	if err := v.cookies(ctx); err != nil {
		return err
	}
	for _, s := range v.browser.Sessions() {
		if s.Target.Type != "page" && s.Target.Type != "iframe" {
			continue
		}
		for _, id := range v.framesOf(ctx, s) {
			found, err := evaluate[contents](ctx, s, id, snapshotScript)
			if err != nil {
				continue // it may have gone, or hang
			}
			v.found(s, &found)
		}
	}
	return ctx.Err()
}

// contents is what a frame's origin keeps.
type contents struct {
	Origin, URL string
	Items       []struct {
		Kind state.Kind
		Name string
		Size int
	}
	Truncated bool
}

func (v *visitor) found(s *chromium.Session, c *contents) {
	origin := parse(c.Origin)
	if origin == nil {
		return // an opaque origin keeps nothing
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	top := v.topOf(s)
	for _, i := range c.Items {
		v.keep(i.Kind, i.Name, i.Size, origin, top, Source{})
	}
	if c.Truncated {
		v.ledger.cutShort()
	}
}

// framesOf are the frames whose documents live in a session.
func (v *visitor) framesOf(ctx context.Context, s *chromium.Session) (list []cdp.FrameID) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	tree, err := cdp.Call(ctx, s, page.GetFrameTree, cdp.Empty{})
	if err != nil {
		return nil
	}
	var walk func(*page.FrameTree)
	walk = func(t *page.FrameTree) {
		if t == nil || t.Frame == nil || len(list) >= 500 {
			return
		}
		list = append(list, t.Frame.ID)
		for _, child := range t.ChildFrames {
			walk(child)
		}
	}
	walk(tree.FrameTree)
	return list
}

// world is the name of the JavaScript worlds in which our own scripts run, apart from those of the page.
const world = "coatcheck"

// evaluate runs a script in a frame and decodes its result, or that of its promise.
func evaluate[T any](ctx context.Context, s *chromium.Session, id cdp.FrameID, script string) (value T, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	made, err := cdp.Call(ctx, s, page.CreateIsolatedWorld,
		page.CreateIsolatedWorldParams{FrameID: id, WorldName: world})
	if err != nil {
		return value, err
	}
	answer, err := cdp.Call(ctx, s, runtime.Evaluate, runtime.EvaluateParams{
		Expression: script, ContextID: made.ExecutionContextID, ReturnByValue: new(true), AwaitPromise: new(true),
		UserGesture: new(true), Silent: new(true), DisableBreaks: new(true),
	})
	switch {
	case err != nil:
		return value, err
	case answer.ExceptionDetails != nil:
		return value, fmt.Errorf("evaluate a script: %s", answer.ExceptionDetails.Text)
	case answer.Result == nil:
		return value, errors.New("evaluate a script: no result")
	}
	return value, json.Unmarshal(answer.Result.Value, &value)
}

//go:embed links.js
var linksScript string

// links are those of the tab's page.
func (v *visitor) links(ctx context.Context) (list []*url.URL) {
	found, err := evaluate[[]string](ctx, v.tab, cdp.FrameID(v.tab.Target.TargetID), linksScript)
	if err != nil {
		return nil
	}
	for _, text := range found {
		if u := parse(text); u != nil {
			u.Fragment = ""
			list = append(list, u)
		}
	}
	return list
}
