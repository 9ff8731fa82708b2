package audit

import (
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"

	"coatcheck.dev/cmd/coatcheck/internal/audit/chromium"
	"coatcheck.dev/jar"
	"coatcheck.dev/state"
)

// Patience with a site.
const (
	loadTime  = 30 * time.Second // for a page to be loaded
	quietTime = 400 * time.Millisecond
	noiseTime = 5 * time.Second // for the network to be quiet after that; streams never are
	callTime  = 10 * time.Second
)

// A visitor is a browser that looks at a site. What it sees goes to the ledger. One goroutine directs it.
type visitor struct {
	browser *chromium.Browser
	ledger  *ledger
	settle  time.Duration // to wait on each page, beside its own activity
	agent   string        // the User-Agent header, as a browser with a window has it
	binding string        // by which the hook tells

	mu      sync.Mutex
	tab     *chromium.Session
	ready   map[target.SessionID]chan struct{} // closed when a session is prepared
	frames  map[cdp.FrameID]*frame
	traffic traffic
	loading bool // the tab
	at      Sighting
	began   time.Time
}

// A frame is a document's place in a page.
type frame struct {
	parent cdp.FrameID
	url    *url.URL
}

//go:embed hook.js
var hookScript string

// newVisitor starts a browser and prepares its tab.
func newVisitor(ctx context.Context, o *Options, l *ledger) (*visitor, error) {
	v := &visitor{ledger: l, settle: o.Settle, binding: "coatcheck" + rand.Text(), began: time.Now(),
		ready: map[target.SessionID]chan struct{}{}, frames: map[cdp.FrameID]*frame{}, traffic: newTraffic()}
	b, err := chromium.Start(ctx, chromium.Options{Path: o.Chromium, Flags: o.Flags, Event: v.event})
	if err != nil {
		return nil, err
	}
	v.browser = b
	if err := v.open(ctx); err != nil {
		b.Close()
		return nil, fmt.Errorf("start %s: %w", "Chromium", err)
	}
	return v, nil
}

// open attaches to everything, and opens a tab.
func (v *visitor) open(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, loadTime)
	defer cancel()
	root := v.browser.Root()
	version, err := cdp.Call(ctx, root, browser.GetVersion, cdp.Empty{})
	if err != nil {
		return err
	}
	v.agent = strings.ReplaceAll(version.UserAgent, "HeadlessChrome", "Chrome")
	if _, err := cdp.Call(ctx, root, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorDeny}); err != nil {
		return err
	}
	if _, err := cdp.Call(ctx, root, target.SetAutoAttach, attachPages); err != nil {
		return err
	}
	opened, err := cdp.Call(ctx, root, target.CreateTarget, target.CreateTargetParams{URL: "about:blank"})
	if err != nil {
		return err
	}
	return v.await(ctx, func() bool {
		for _, s := range v.browser.Sessions() {
			if s.Target.TargetID == opened.TargetID && isClosed(v.ready[s.ID()]) {
				v.tab = s
			}
		}
		return v.tab != nil
	})
}

// attachPages attaches to tabs, those that a page opens among them, and to what belongs to no page. Each page attaches
// to its frames and workers.
var attachPages = target.SetAutoAttachParams{AutoAttach: true, WaitForDebuggerOnStart: true, Flatten: new(true),
	Filter: target.Filter{{Type: "page"}, {Type: "shared_worker"}}}

var autoAttach = target.SetAutoAttachParams{AutoAttach: true, WaitForDebuggerOnStart: true, Flatten: new(true)}

func isClosed(c chan struct{}) bool {
	select {
	case <-c:
		return c != nil
	default:
		return false
	}
}

// await looks until ok, with the lock.
func (v *visitor) await(ctx context.Context, ok func() bool) error {
	for {
		v.mu.Lock()
		done := ok()
		v.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// hook is the script that tells who keeps what.
func (v *visitor) hook() string { return strings.ReplaceAll(hookScript, "BINDING", v.binding) }

// prepare makes a new target tell what happens in it, and lets it run.
func (v *visitor) prepare(ctx context.Context, s *chromium.Session) {
	s.Send(runtime.AddBinding.Method, runtime.AddBindingParams{Name: v.binding})
	s.Send(runtime.Enable.Method, cdp.Empty{})
	s.Send(network.Enable.Method, network.EnableParams{})
	s.Send(emulation.SetUserAgentOverride.Method, emulation.SetUserAgentOverrideParams{UserAgent: v.agent})
	s.Send(target.SetAutoAttach.Method, autoAttach)
	switch s.Target.Type {
	case "page", "iframe":
		s.Send(page.Enable.Method, page.EnableParams{})
		s.Send(page.AddScriptToEvaluateOnNewDocument.Method,
			page.AddScriptToEvaluateOnNewDocumentParams{Source: v.hook(), RunImmediately: new(true)})
	case "service_worker": // it answers nothing before its script has run
	default:
		s.Send(runtime.Evaluate.Method, runtime.EvaluateParams{Expression: v.hook(), Silent: new(true)})
	}
	_, _ = cdp.Call(ctx, s, runtime.RunIfWaitingForDebugger, cdp.Empty{}) // it may have ended already
	v.mu.Lock()
	defer v.mu.Unlock()
	close(v.ready[s.ID()])
}

// event runs in the loop that reads from the browser, so it must not wait for it.
func (v *visitor) event(e chromium.Event) {
	if !wanted[e.Method] {
		return
	}
	decoded, err := e.Decode()
	if err != nil {
		return // of a newer browser
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	switch d := decoded.(type) {
	case *target.EventAttachedToTarget:
		if s, ok := e.Session.Child(d.SessionID); ok {
			v.ready[d.SessionID] = make(chan struct{})
			if f := s.Target.ParentFrameID; f != "" {
				v.frame(cdp.FrameID(s.Target.TargetID)).parent = f
			}
			go v.prepare(context.Background(), s)
		}
	case *runtime.EventBindingCalled:
		if d.Name == v.binding {
			v.told(e.Session, d.Payload)
		}
	case *page.EventJavascriptDialogOpening:
		go e.Session.Send(page.HandleJavaScriptDialog.Method, page.HandleJavaScriptDialogParams{Accept: true})
	case *page.EventFrameAttached:
		v.frame(d.FrameID).parent = d.ParentFrameID
	case *page.EventFrameNavigated:
		f := v.frame(d.Frame.ID)
		if d.Frame.ParentID != "" {
			f.parent = d.Frame.ParentID
		}
		f.url = parse(d.Frame.URL)
		if f.url != nil && v.tab == e.Session && f.parent == "" {
			v.at.Page = bare(d.Frame.URL)
		}
	case *page.EventFrameStartedLoading:
		v.load(e.Session, d.FrameID, true)
	case *page.EventFrameStoppedLoading:
		v.load(e.Session, d.FrameID, false)
	default:
		v.network(e.Session, decoded)
	}
}

// wanted are the events that are looked at.
var wanted = func() map[string]bool {
	m := map[string]bool{}
	for _, method := range []string{target.AttachedToTarget.Method, runtime.BindingCalled.Method,
		page.JavascriptDialogOpening.Method, page.FrameAttached.Method, page.FrameNavigated.Method,
		page.FrameStartedLoading.Method, page.FrameStoppedLoading.Method, network.RequestWillBeSent.Method,
		network.ResponseReceivedExtraInfo.Method, network.LoadingFinished.Method, network.LoadingFailed.Method} {
		m[method] = true
	}
	return m
}()

const maxFrames = 10_000

// frame returns a frame, a new one if need be.
func (v *visitor) frame(id cdp.FrameID) *frame {
	f := v.frames[id]
	if f == nil {
		f = &frame{}
		if len(v.frames) < maxFrames {
			v.frames[id] = f
		}
	}
	return f
}

func (v *visitor) load(s *chromium.Session, id cdp.FrameID, loading bool) {
	if v.tab == s && string(id) == string(s.Target.TargetID) {
		v.loading = loading
	}
}

// top returns the document in the address bar above a frame, and those between, the outermost first.
func (v *visitor) top(id cdp.FrameID) (top *url.URL, between []*url.URL) {
	for range 50 { // deeper than pages are
		f := v.frames[id]
		if f == nil {
			return nil, nil
		}
		if f.parent == "" {
			return f.url, between
		}
		id = f.parent
		if up := v.frames[id]; up != nil && up.parent != "" && up.url != nil {
			between = append([]*url.URL{up.url}, between...)
		}
	}
	return nil, nil
}

// now is a sighting on this page. The caller has the lock.
func (v *visitor) now() Sighting {
	at := v.at
	at.After = time.Since(v.began)
	return at
}

// told takes a report of the hook. The page could have made it up, so it is no more than a hint, and bounded.
func (v *visitor) told(s *chromium.Session, payload string) {
	var t struct {
		Kind             state.Kind
		Name, Attributes string
		Frame            string
		Size             int
		Stack            []string
	}
	if len(payload) > 16<<10 || json.Unmarshal([]byte(payload), &t) != nil {
		return
	}
	document := parse(t.Frame)
	if document == nil {
		return
	}
	source := caller(t.Stack)
	source.By, source.Frame = "script", bare(t.Frame)
	top := v.topOf(s)
	if top == nil {
		top = document
	}
	if !slices.Contains(kinds, t.Kind) {
		return
	}
	if t.Kind == state.KindCookie {
		v.ledger.set(setting{
			request: jar.Request{URL: document, Script: true, TopLevel: top, Initiator: document},
			lines:   []string{t.Name + "=" + stand(t.Size-len(t.Name)-1) + ";" + t.Attributes},
			sizes:   []int{t.Size}, at: v.now(), source: source,
		})
		return
	}
	v.keep(t.Kind, t.Name, t.Size, document, top, source)
}

// stand is a value of a size, in place of the real one, which the hook does not tell. Lint looks at how long it is, and
// whether there is one.
func stand(size int) string { return strings.Repeat("x", min(max(size, 0), 8<<10)) }

// topOf is the document in the address bar of the page that a session is part of.
func (v *visitor) topOf(s *chromium.Session) *url.URL {
	for ; s != nil; s = s.Parent() {
		if s.Target.Type == "page" {
			return v.frame(cdp.FrameID(s.Target.TargetID)).url
		}
	}
	return nil
}

// keep notes an item that is no cookie. The caller has the lock.
func (v *visitor) keep(kind state.Kind, name string, size int, document, top *url.URL, source Source) {
	if kind == state.KindServiceWorker {
		if u := parse(name); u != nil {
			name = u.Path
		}
	}
	f := finding{at: v.now(), source: source, stored: source.By == "",
		Item: Item{Kind: kind, Name: name, Place: document.Scheme + "://" + document.Host, Size: size}}
	if top != nil && !jar.SameSite(document, top) {
		f.Partition = siteOf(top)
	}
	f.ThirdParty = v.ledger.foreign(document.Hostname())
	v.ledger.add(f)
}

// siteOf returns the site of a URL, as browsers write it.
func siteOf(u *url.URL) string {
	if domain := jar.RegistrableDomain(u.Hostname()); domain != "" {
		return u.Scheme + "://" + domain
	}
	host, _, _ := strings.Cut(u.Host, ":")
	if strings.HasPrefix(u.Host, "[") {
		host = "[" + u.Hostname() + "]"
	}
	return u.Scheme + "://" + host
}

// parse reads a URL with a host; others are nil.
func parse(text string) *url.URL {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil
	}
	return u
}

// ErrUnreachable says that a page could not be loaded.
var ErrUnreachable = errors.New("cannot be reached")

// enter begins a scene.
func (v *visitor) enter(scene string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.at, v.began = Sighting{Scene: scene, Page: v.at.Page}, time.Now()
}

// visit opens a page and waits until it is quiet.
func (v *visitor) visit(ctx context.Context, address string) error {
	v.mu.Lock()
	v.at.Page = bare(address)
	v.loading = true
	v.ledger.happen(Happening{v.at.Scene, time.Since(v.began), "open", v.at.Page})
	v.mu.Unlock()
	inner, cancel := context.WithTimeout(ctx, loadTime)
	defer cancel()
	answer, err := cdp.Call(inner, v.tab, page.Navigate, page.NavigateParams{URL: address})
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return fmt.Errorf("%s %w: there was no answer within %v", bare(address), ErrUnreachable, loadTime)
	}
	if err != nil {
		return fmt.Errorf("open %s: %w", bare(address), err)
	}
	if answer.ErrorText != "" && answer.ErrorText != "net::ERR_ABORTED" { // which is a download, or 204
		return fmt.Errorf("%s %w: %s", bare(address), ErrUnreachable, answer.ErrorText)
	}
	if answer.LoaderID == "" || answer.ErrorText != "" { // the same document, or none
		v.mu.Lock()
		v.loading = false
		v.mu.Unlock()
	}
	return v.rest(ctx)
}

// rest waits until the page is loaded and the network is quiet, or has been noisy for long. Then it takes a snapshot.
func (v *visitor) rest(ctx context.Context) error {
	inner, cancel := context.WithTimeout(ctx, loadTime)
	defer cancel()
	if err := v.await(inner, func() bool { return !v.loading }); err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(v.settle):
	}
	inner, cancel = context.WithTimeout(ctx, noiseTime)
	defer cancel()
	if err := v.await(inner, func() bool { return !v.loading && v.traffic.quiet(quietTime) }); err != nil &&
		ctx.Err() != nil {
		return ctx.Err()
	}
	return v.snapshot(ctx)
}
