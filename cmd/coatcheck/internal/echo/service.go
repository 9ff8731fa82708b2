package echo

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// A service is what the echo does at a path below Prefix.
type service struct {
	path  string // a final "/" means that one more segment follows
	about string
	do    func(x *conversation, rest string) error
}

// services are all of them, in the order of the page.
var services = []service{
	{"", "what reached it", func(x *conversation, _ string) error { return x.write(x.told()) }},
	{"/status/", "an answer of that status, such as 401, 403, 304 or 503", (*conversation).status},
	{"/session", "order the gate to begin a session, in which nobody is signed in", (*conversation).begin},
	{"/sign-in", "order the gate to sign ?user= in, with &remember and &level=, and go on to &return_to=",
		(*conversation).signIn},
	{"/sign-out", "order the gate to sign out ?which=this, others or all", (*conversation).signOut},
	{"/two-cookies", "two lines of Set-Cookie, whose dates have commas", (*conversation).twoCookies},
	{"/shared", "a page that says that anybody may keep it for a minute", (*conversation).shared},
	{"/early-hints", "103 Early Hints before the answer", (*conversation).earlyHints},
	{"/range", "1000 bytes, of which a client may ask for a range", (*conversation).ranged},
	{"/trailers", "an answer with a trailer", (*conversation).trailed},
	{"/slow", "an answer after ?seconds=, at most 60", (*conversation).slow},
	{"/events", "an event each second for ?seconds=, at most 3600", (*conversation).events},
	{"/socket", "a WebSocket that sends back what it gets", (*conversation).socket},
}

// serve finds the service that is asked for. Any other path tells what reached it.
func (x *conversation) serve() error {
	under, ok := strings.CutPrefix(x.path, Prefix)
	if !ok {
		if x.path == "/" && x.html {
			return x.page()
		}
		return x.write(x.told())
	}
	for _, s := range services {
		rest, ok := strings.CutPrefix(under, s.path)
		if ok && (rest == "" || strings.HasSuffix(s.path, "/")) {
			return s.do(x, rest)
		}
	}
	return x.write(x.told())
}

// bad answers 400.
func (x *conversation) bad(format string, values ...any) error {
	return x.write(&output{status: http.StatusBadRequest, body: fmt.Appendf(nil, format+"\n", values...)})
}

func (x *conversation) status(rest string) error {
	status, err := strconv.Atoi(rest)
	if err != nil || status < 200 || status > 599 {
		return x.bad("A status is 200 to 599.")
	}
	a := x.told()
	a.status = status
	switch status {
	case http.StatusUnauthorized:
		a.add("WWW-Authenticate", `Echo realm="its own"`)
	case http.StatusNotModified:
		a.add("ETag", `"echo"`)
	case http.StatusServiceUnavailable:
		a.add("Retry-After", "7")
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect,
		http.StatusPermanentRedirect:
		a.add("Location", Prefix)
	}
	return x.write(a.add("Echo-Status", rest))
}

func (x *conversation) twoCookies(string) error {
	expires := "; Path=/; Max-Age=600; SameSite=Lax; Expires=" +
		time.Now().Add(10*time.Minute).UTC().Format(http.TimeFormat)
	return x.write(x.told().add("Set-Cookie", "echo-one=1"+expires).add("Set-Cookie", "echo-two=2"+expires))
}

func (x *conversation) shared(string) error {
	a := x.told()
	a.caching = "public, max-age=60"
	return x.write(a)
}

func (x *conversation) earlyHints(string) error {
	if _, err := x.conn.Write([]byte("HTTP/1.1 103 Early Hints\r\nLink: </echo.css>; " +
		"rel=preload\r\n\r\n")); err != nil {
		return err
	}
	return x.write(x.told())
}

func (x *conversation) ranged(string) error {
	content := bytes.Repeat([]byte("0123456789"), 100)
	a := &output{status: http.StatusOK, body: content}
	a.add("Accept-Ranges", "bytes").add("ETag", `"range"`)
	if asked := first(x.report.Header, "Range"); asked != "" {
		var from, to int
		n, err := fmt.Sscanf(asked, "bytes=%d-%d", &from, &to)
		if n != 2 || err != nil || from < 0 || to < from || to >= len(content) {
			a.status, a.body = http.StatusRequestedRangeNotSatisfiable, nil
			return x.write(a.add("Content-Range", fmt.Sprintf("bytes */%d", len(content))))
		}
		a.status, a.body = http.StatusPartialContent, content[from:to+1]
		a.add("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, to, len(content)))
	}
	return x.write(a)
}

func (x *conversation) trailed(string) error {
	a := x.told().add("Trailer", "Echo-Trailer")
	a.trailer = []Line{{"Echo-Trailer", "last"}}
	return x.write(a)
}

// seconds reads ?seconds=.
func (x *conversation) seconds(most time.Duration) (time.Duration, error) {
	text := x.query.Get("seconds")
	if text == "" {
		return time.Second, nil
	}
	n, err := strconv.Atoi(text)
	if d := time.Duration(n) * time.Second; err == nil && n >= 0 && d <= most {
		return d, nil
	}
	return 0, fmt.Errorf("seconds are 0 to %d", int(most.Seconds()))
}

func (x *conversation) slow(string) error {
	wait, err := x.seconds(time.Minute)
	if err != nil {
		return x.bad("%v", err)
	}
	select {
	case <-time.After(wait):
	case <-x.ctx.Done():
	}
	_ = x.conn.SetDeadline(time.Now().Add(timeout)) // the write fails if it is closed
	return x.write(x.told())
}

// events writes an event a second. A client that goes away is noticed by the next one.
func (x *conversation) events(string) error {
	last, err := x.seconds(maxStream)
	if err != nil {
		return x.bad("%v", err)
	}
	var b bytes.Buffer
	x.head(&b, &output{status: http.StatusOK, kind: "text/event-stream"})
	b.WriteString("\r\n")
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for n := 0; ; n++ {
		fmt.Fprintf(&b, "data: %d\n\n", n)
		_ = x.conn.SetDeadline(time.Now().Add(timeout)) // the write fails if it is closed
		if _, err := x.conn.Write(b.Bytes()); err != nil {
			return err
		}
		b.Reset()
		if time.Duration(n)*time.Second >= last {
			return nil
		}
		select {
		case <-tick.C:
		case <-x.ctx.Done():
			return nil
		}
	}
}
