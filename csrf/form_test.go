package csrf_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"

	"coatcheck.dev/csrf"
)

const formType = "application/x-www-form-urlencoded"

// keyed returns a guard without sessions, a cookie with a key, and a token of it. Both are always the same, because a
// fuzzer runs in several processes.
func keyed() (*csrf.Guard, *http.Cookie, string) {
	guard := csrf.New(csrf.Options{Tokens: csrf.Tokens{Session: func(*http.Request) string { return "" }}})
	key := []byte("24 bytes that are no key")
	cookie := &http.Cookie{Name: keyCookie, Value: base64.RawURLEncoding.EncodeToString(key)}
	return guard, cookie, tokenOf(key, []byte("a salt: 16 bytes"), "")
}

// tokenOf makes a token by its grammar.
func tokenOf(key, salt []byte, binding string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("csrf\x00" + string(salt) + binding))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(salt))
}

// What is read of a form is bounded, and the handler finds all of it.
//
// Rows: I9
func TestFormIsWholeAgain(t *testing.T) {
	guard, cookie, token := keyed()
	field, filler := csrf.FieldName+"="+token, "a="+strings.Repeat("x", 70<<10)
	for name, c := range map[string]struct {
		body   string
		passes bool
	}{
		"alone":                         {field, true},
		"among others":                  {"a=b&" + field + "&c=d", true},
		"first of a long form":          {field + "&" + filler, true},
		"last of a long form":           {filler + "&" + field, false},
		"cut off by the limit":          {"a=" + strings.Repeat("x", 64<<10-3-len(field)) + "&" + field + "x", false},
		"just within the limit":         {"a=" + strings.Repeat("x", 64<<10-5-len(field)) + "&" + field, true},
		"twice":                         {field + "&" + field, false},
		"behind what is malformed":      {"%zz&a;b&" + field, true},
		"with an escaped name":          {"csrf%5Ftoken=" + token, true},
		"empty":                         {"", false},
		"a form of no fields but seams": {strings.Repeat("&", 70<<10), false},
	} {
		b := &counted{Reader: strings.NewReader(c.body)}
		r := httptest.NewRequest("POST", "/", b)
		r.Header.Set("Content-Type", formType+"; charset=utf-8")
		r.AddCookie(cookie)
		if err := guard.Check(r); (err == nil) != c.passes {
			t.Errorf("%s: %v, passes should be %t", name, err, c.passes)
		}
		if b.n > 64<<10 {
			t.Errorf("%s: %d bytes were read", name, b.n)
		}
		if text, err := io.ReadAll(r.Body); err != nil || string(text) != c.body {
			t.Errorf("%s: the handler reads %d bytes of %d, %v", name, len(text), len(c.body), err)
		}
	}
}

// Without a cookie no token is good, so nothing is read.
func TestFormIsNotReadWithoutACookie(t *testing.T) {
	guard, _, token := keyed()
	b := &counted{Reader: strings.NewReader(csrf.FieldName + "=" + token)}
	r := httptest.NewRequest("POST", "/", b)
	r.Header.Set("Content-Type", formType)
	if err := guard.Check(r); err == nil || b.n != 0 {
		t.Errorf("%v, %d bytes were read", err, b.n)
	}
}

// What goes wrong with a body, the handler hears.
func TestBrokenBodiesStayBroken(t *testing.T) {
	guard, cookie, token := keyed()
	broken := errors.New("the client is gone")
	body := io.MultiReader(strings.NewReader(csrf.FieldName+"="+token+"&a=b"), iotest.ErrReader(broken))
	closed := false
	r := httptest.NewRequest("POST", "/", nil)
	r.Body = &closing{body, &closed}
	r.Header.Set("Content-Type", formType)
	r.AddCookie(cookie)
	if err := guard.Check(r); err != nil {
		t.Error(err)
	}
	if _, err := io.ReadAll(r.Body); err != broken {
		t.Errorf("the handler reads %v, want %v", err, broken)
	}
	if r.Body.Close(); !closed {
		t.Error("the body is not closed with the one in its place")
	}
}

type closing struct {
	io.Reader
	closed *bool
}

func (c *closing) Close() error {
	*c.closed = true
	return nil
}

// A form that was read already is asked.
func TestFormThatWasReadAlready(t *testing.T) {
	guard, cookie, token := keyed()
	r := httptest.NewRequest("POST", "/", strings.NewReader(csrf.FieldName+"="+token))
	r.Header.Set("Content-Type", formType)
	r.AddCookie(cookie)
	if err := errors.Join(r.ParseForm(), guard.Check(r)); err != nil {
		t.Error(err)
	}
}

// A token in the URL would be in logs and in Referer, so it counts for nothing.
func TestTokenInTheURLCountsForNothing(t *testing.T) {
	guard, cookie, token := keyed()
	r := httptest.NewRequest("POST", "/?"+csrf.FieldName+"="+token, strings.NewReader(""))
	r.Header.Set("Content-Type", formType)
	r.AddCookie(cookie)
	if guard.Check(r) == nil {
		t.Error("a token in the URL is accepted")
	}
	r.Form = url.Values{csrf.FieldName: {token}}
	if guard.Check(r) == nil {
		t.Error("a token in the URL is accepted where the form was read")
	}
}

func TestSeveralHeadersAreNone(t *testing.T) {
	guard, cookie, token := keyed()
	r := httptest.NewRequest("POST", "/", nil)
	r.AddCookie(cookie)
	r.Header[http.CanonicalHeaderKey(csrf.HeaderName)] = []string{token, token}
	if guard.Check(r) == nil {
		t.Error("two headers are accepted")
	}
}

// A token is accepted if it is, to the letter, what its key makes of its salt.
func FuzzToken(f *testing.F) {
	guard, cookie, token := keyed()
	f.Add(token, cookie.Value)
	f.Add(token[:63]+"=", cookie.Value)
	f.Add(strings.Repeat("A", 64), strings.Repeat("A", 32))
	f.Fuzz(func(t *testing.T, text, keyText string) {
		r := httptest.NewRequest("POST", "/", nil)
		r.Header.Set(csrf.HeaderName, text)
		r.Header.Set("Cookie", fmt.Sprintf("%s=%s", cookie.Name, keyText))
		passes := guard.Check(r) == nil
		raw, _ := base64.RawURLEncoding.DecodeString(text)
		key, err := base64.RawURLEncoding.DecodeString(keyText)
		good := err == nil && len(keyText) == 32 && len(raw) == 48 && tokenOf(key, raw[:16:16], "") == text
		if passes != good {
			t.Errorf("token %q under key %q passes: %t, and should: %t", text, keyText, passes, good)
		}
	})
}

// The field that is found is that which a handler finds, and the body stays as it was.
func FuzzForm(f *testing.F) {
	guard, cookie, token := keyed()
	f.Add("a=b&" + csrf.FieldName + "=" + token)
	f.Add(csrf.FieldName + "=" + token + "&" + csrf.FieldName + "=")
	f.Add("%zz;" + csrf.FieldName + "=x")
	f.Fuzz(func(t *testing.T, body string) {
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		r.Header.Set("Content-Type", formType)
		r.AddCookie(cookie)
		passes := guard.Check(r) == nil
		text, err := io.ReadAll(r.Body)
		if err != nil || string(text) != body {
			t.Fatalf("the handler reads %q, %v", text, err)
		}
		values, _ := url.ParseQuery(body)
		found := values[csrf.FieldName]
		if good := len(found) == 1 && found[0] == token; passes && !good || !passes && good && len(body) < 64<<10 {
			t.Errorf("passes: %t, and a handler finds %q", passes, found)
		}
	})
}
