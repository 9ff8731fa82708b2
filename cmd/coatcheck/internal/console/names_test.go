package console_test

import (
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"coatcheck.dev/internal/visible"
)

// A name whose characters are unseen, or turn the text around, is shown for what it is on every page, and its sessions
// can be found and ended. Such records are from before sign-in refused some of these names.
//
// Rows: A44, ASVS 16.4.1
func TestHostileNamesAreShownAndEnded(t *testing.T) {
	for _, name := range []string{
		"ada\u202enimda", "ada\u200b", "a\u2028b", "a\x00b\x1b[31m", "two\nlines\r", "a\u009bb",
		"not\xffUTF-8", `ada\u202e`,
	} {
		d := newDesk(t)
		id, agent := d.start(name, "curl\u202e/8", time.Minute), d.start("ada", "", time.Minute)
		b := d.operator()
		there := "/?" + url.Values{"user": {name}}.Encode()
		question := "/end-user?" + url.Values{"user": {name}}.Encode()
		for _, page := range []string{"/", there, question} {
			got := b.get(page)
			got.want(t, 200, "<bdi>"+visible.Text(name)+"</bdi>")
			if !utf8.ValidString(got.body) || strings.ContainsAny(got.body, "\u202e\u200b\u2028\x00\x1b\u009b\r") {
				t.Errorf("%q: %s has what it must not show", name, page)
			}
		}
		b.get("/").want(t, 200, `href="`+strings.ReplaceAll(there, "+", "&#43;")+`"`)
		b.get(question).want(t, 200, `action="`+strings.ReplaceAll(question, "+", "&#43;")+`"`)
		b.post(question, url.Values{"return_to": {"/"}}).wantRedirect(t, "/")
		if d.there(id) || !d.there(agent) {
			t.Errorf("%q: there %v, ada %v", name, d.there(id), d.there(agent))
		}
		b.get("/").want(t, 200, "The session of "+visible.Text(name)+" has ended.")
	}
}
