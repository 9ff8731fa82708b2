package browser

import (
	"slices"
	"strings"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
)

// Complaints are the errors and warnings that pages have put on the console since the browser was first started:
// exceptions, refusals by a content security policy, answers of 400 and above, and what scripts logged as errors.
func (b *Browser) Complaints() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.grumbles)
}

// listen runs in the loop that reads from the browser, so it must not block.
func (b *Browser) listen(event any) {
	var text string
	switch e := event.(type) {
	case *network.EventDeviceBoundSessionEventOccurred:
		b.mu.Lock()
		defer b.mu.Unlock()
		b.bindings = append(b.bindings, describe(e))
		return
	case *log.EventEntryAdded:
		if e.Entry.Level != log.EntryLevelError && e.Entry.Level != log.EntryLevelWarning {
			return
		}
		text = strings.TrimSpace(e.Entry.Text + " " + e.Entry.URL)
	case *runtime.EventExceptionThrown:
		text = e.ExceptionDetails.Text
		if thrown := e.ExceptionDetails.Exception; thrown != nil {
			text += " " + thrown.Description
		}
	case *runtime.EventConsoleAPICalled:
		if e.Type != runtime.ConsoleAPICalledTypeError {
			return
		}
		for _, arg := range e.Args {
			text += string(arg.Value) + arg.Description
		}
	default:
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.grumbles = append(b.grumbles, text)
}
