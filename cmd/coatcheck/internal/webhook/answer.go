package webhook

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// An outcome is what became of one attempt.
type outcome struct {
	delivery
	ok    bool
	gone  bool          // the receiver wants nothing any more
	wait  time.Duration // that the receiver asks for; 0 if it asks for none
	says  string        // in a few words, without a word of the receiver's own
	again bool          // the program stops: this was no attempt
}

// maxWait bounds what a receiver can ask for.
const maxWait = time.Hour

// judge reads an answer by its status alone.
func judge(d delivery, status int, header http.Header, now time.Time) outcome {
	o := outcome{delivery: d, says: strings.TrimSpace(fmt.Sprint(status, " ", http.StatusText(status)))}
	switch {
	case status >= 200 && status < 300:
		o.ok = true
	case status == http.StatusGone:
		o.gone = true
	case status >= 300 && status < 400:
		o.says += ": redirects are not followed; correct the URL"
	case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable:
		o.wait = retryAfter(header.Get("Retry-After"), now)
	}
	return o
}

// failed is the outcome of a request without an answer. The error of the client would name the URL.
func failed(d delivery, err error) outcome {
	if inner := (*url.Error)(nil); errors.As(err, &inner) {
		err = inner.Err
	}
	o := outcome{delivery: d, says: "no answer: " + clip(err.Error())}
	switch {
	case errors.Is(err, context.Canceled):
		o.again = true
	case errors.Is(err, context.DeadlineExceeded):
		o.says = "no answer in time"
	}
	return o
}

// clip bounds a text that is kept for each attempt.
func clip(text string) string {
	const most = 200
	return strings.ToValidUTF8(text[:min(len(text), most)], "")
}

// retryAfter reads the header of that name: seconds or a date (RFC 9110, section 10.2.3). What it cannot read is no
// wait.
func retryAfter(text string, now time.Time) time.Duration {
	const longest = 64
	if text = strings.TrimSpace(text); text == "" || len(text) > longest {
		return 0
	}
	if n, err := strconv.ParseUint(text, 10, 32); err == nil {
		return min(time.Duration(n)*time.Second, maxWait)
	}
	at, err := http.ParseTime(text)
	if err != nil || !at.After(now) {
		return 0
	}
	return min(at.Sub(now), maxWait)
}
