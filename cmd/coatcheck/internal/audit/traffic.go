package audit

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"

	"coatcheck.dev/cmd/coatcheck/internal/audit/chromium"
	"coatcheck.dev/jar"
)

// maxChains is the number of requests of a scene that are followed.
const maxChains = 20_000

// traffic is the requests that the browser has made.
type traffic struct {
	chains map[network.RequestID]*chain
	open   map[network.RequestID]bool // they have no end yet
	last   time.Time                  // that something happened
}

// A chain is a request with its redirects: a hop each.
type chain struct {
	hops []hop
	next int // the first hop whose response has not come
	// early are responses that came before the browser told of their requests.
	early []*network.EventResponseReceivedExtraInfo
}

type hop struct {
	request jar.Request
	source  Source
}

func newTraffic() traffic {
	return traffic{chains: map[network.RequestID]*chain{}, open: map[network.RequestID]bool{}, last: time.Now()}
}

// quiet reports whether nothing has happened for a while, and nothing is to come.
func (t *traffic) quiet(d time.Duration) bool { return len(t.open) == 0 && time.Since(t.last) >= d }

func (t *traffic) chain(id network.RequestID) *chain {
	x := t.chains[id]
	if x == nil {
		x = &chain{}
		if len(t.chains) < maxChains {
			t.chains[id] = x
		}
	}
	return x
}

// network takes an event about a request. The caller has the lock.
func (v *visitor) network(s *chromium.Session, event any) {
	t := &v.traffic
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		t.last = time.Now()
		if u := parse(e.Request.URL); u != nil {
			if e.Type != network.ResourceTypeEventSource && e.Type != network.ResourceTypePing &&
				len(t.open) < maxChains {
				t.open[e.RequestID] = true
			}
			v.sent(s, e, u)
		}
	case *network.EventResponseReceivedExtraInfo:
		x := t.chain(e.RequestID)
		if len(x.early) < 100 {
			x.early = append(x.early, e)
		}
		v.answered(x)
	case *network.EventLoadingFinished:
		delete(t.open, e.RequestID)
		t.last = time.Now()
	case *network.EventLoadingFailed:
		delete(t.open, e.RequestID)
		t.last = time.Now()
	}
}

// sent notes a request, or the next one of a chain of redirects.
func (v *visitor) sent(s *chromium.Session, e *network.EventRequestWillBeSent, u *url.URL) {
	x := v.traffic.chain(e.RequestID)
	if e.RedirectResponse != nil && !e.RedirectHasExtraInfo && x.next < len(x.hops) {
		x.next++ // it came from a cache and sets nothing
	}
	if len(x.hops) > 50 {
		return
	}
	h := hop{request: jar.Request{URL: u, Method: e.Request.Method},
		source: Source{By: "response", URL: bare(e.Request.URL)}}
	for _, before := range x.hops {
		h.request.Redirects = append(h.request.Redirects, before.request.URL)
	}
	document := parse(e.DocumentURL)
	top, between := v.top(e.FrameID)
	if top == nil {
		top = v.topOf(s)
	}
	isNavigation := string(e.RequestID) == string(e.LoaderID)
	f := v.frames[e.FrameID]
	switch {
	case isNavigation && (f == nil || f.parent == ""):
		h.request.Kind = jar.Navigation
	case isNavigation:
		h.request.Kind, h.request.TopLevel, h.request.Ancestors = jar.FrameNavigation, top, between
	default:
		h.request.Initiator, h.request.TopLevel, h.request.Ancestors = document, top, between
		if f != nil && f.parent != "" && document != nil {
			h.request.Ancestors = append(between, document)
		}
		h.source.Frame = bare(e.DocumentURL)
	}
	h.source.Because = because(e.Initiator)
	x.hops = append(x.hops, h)
	v.answered(x)
}

// because is the script that made a request, if one did.
func because(i *network.Initiator) string {
	if i == nil {
		return ""
	}
	for stack := i.Stack; stack != nil; stack = stack.Parent {
		for _, f := range stack.CallFrames {
			if where := callFrame(f); where != "" {
				return where
			}
		}
	}
	return ""
}

func callFrame(f *runtime.CallFrame) string {
	if f.URL == "" || f.URL == "coatcheck-audit.js" {
		return ""
	}
	return fmt.Sprintf("%s:%d:%d", bare(f.URL), f.LineNumber+1, f.ColumnNumber+1)
}

// answered pairs responses with the hops that they answer.
func (v *visitor) answered(x *chain) {
	for len(x.early) > 0 && x.next < len(x.hops) {
		e, h := x.early[0], x.hops[x.next]
		x.early = x.early[1:]
		x.next++
		lines := setCookies(e.Headers)
		if len(lines) == 0 {
			continue
		}
		set := setting{request: h.request, lines: lines, at: v.now(), source: h.source}
		for _, b := range e.BlockedCookies {
			set.blocked = append(set.blocked, b.CookieLine)
		}
		v.ledger.set(set)
	}
}

// maxPerResponse is the number of Set-Cookie lines of one response that are looked at.
const maxPerResponse = 300

// setCookies are the Set-Cookie lines of a response.
func setCookies(h network.Headers) (lines []string) {
	for name, value := range h {
		if text, ok := value.(string); ok && strings.EqualFold(name, "set-cookie") {
			for line := range strings.SplitSeq(text, "\n") {
				if len(lines) < maxPerResponse {
					lines = append(lines, line)
				}
			}
		}
	}
	return lines
}
