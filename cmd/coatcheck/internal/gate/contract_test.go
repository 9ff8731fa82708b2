package gate

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"coatcheck.dev/cmd/coatcheck/internal/identity"
	"coatcheck.dev/session"
)

func header(lines ...string) http.Header {
	h := http.Header{}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		h[http.CanonicalHeaderKey(name)] = append(h[http.CanonicalHeaderKey(name)], value)
	}
	return h
}

func TestReadOrders(t *testing.T) {
	set := func(key, json string) change { return change{key: key, value: []byte(json)} }
	carry := func(key, json string) change { return change{key: key, value: []byte(json), carry: true} }
	for _, tt := range []struct {
		why   string
		lines []string
		want  orders
	}{
		{"nothing", []string{"Content-Type: text/html"}, orders{}},
		{"sign-in", []string{"Coatcheck-Sign-In: u42"}, orders{signIn: &signIn{user: "u42"}}},
		{"names of headers have no case", []string{"coatcheck-SIGN-in: u42"}, orders{signIn: &signIn{user: "u42"}}},
		{"parameters", []string{"Coatcheck-Sign-In: u42; remember; by=password"},
			orders{signIn: &signIn{"u42", true, "password", 0}}},
		{"parameters in any order, with any spaces", []string{"Coatcheck-Sign-In:   u42;by=pass-key ;\tremember  "},
			orders{signIn: &signIn{"u42", true, "pass-key", 0}}},
		{"a level", []string{"Coatcheck-Sign-In: u42; level=2"}, orders{signIn: &signIn{user: "u42", level: 2}}},
		{"a name with percent signs", []string{"Coatcheck-Sign-In: J%C3%BCrgen%20%2c%3B+"},
			orders{signIn: &signIn{user: "Jürgen ,;+"}}},
		{"the longest name", []string{"Coatcheck-Sign-In: " + strings.Repeat("a", 255)},
			orders{signIn: &signIn{user: strings.Repeat("a", 255)}}},
		{"an address as a name", []string{"Coatcheck-Sign-In: ada@example.com"},
			orders{signIn: &signIn{user: "ada@example.com"}}},
		{"sign-out", []string{"Coatcheck-Sign-Out: this"}, orders{signOut: "this"}},
		{"sign-out of all", []string{"Coatcheck-Sign-Out: all"}, orders{signOut: "all"}},
		{"sign in and end the others", []string{"Coatcheck-Sign-In: u42", "Coatcheck-Sign-Out: others"},
			orders{signOut: "others", signIn: &signIn{user: "u42"}}},
		{"one value", []string{`Coatcheck-Set: cart=["a","b"]`}, orders{changes: []change{set("cart", `["a","b"]`)}}},
		{"carry", []string{`Coatcheck-Set: cart=["a;carry"] ; carry`},
			orders{changes: []change{carry("cart", `["a;carry"]`)}}},
		{"several lines", []string{`Coatcheck-Set: a=1`, `Coatcheck-Set: b=2;carry`, "Coatcheck-Delete: c"},
			orders{changes: []change{set("a", "1"), carry("b", "2"), {key: "c"}}}},
		{"lines that somebody joined", []string{`Coatcheck-Set: a=1, b={"x":"\",;"};carry,c=null`,
			"Coatcheck-Delete: d,e ,\tf"},
			orders{changes: []change{set("a", "1"), carry("b", `{"x":"\",;"}`), set("c", "null"), {key: "d"},
				{key: "e"}, {key: "f"}}}},
		{"spaces in JSON do not count", []string{"Coatcheck-Set: a= [ 1 ,\t2 ] "},
			orders{changes: []change{set("a", "[1,2]")}}},
		{"UTF-8 becomes ASCII", []string{`Coatcheck-Set: a="ü€😀"`},
			orders{changes: []change{set("a", `"\u00fc\u20ac\ud83d\ude00"`)}}},
		{"the app mirrors what it was sent", []string{"Coatcheck-User: ada", "coatcheck_session: x",
			"Coatcheck-Data: {}"}, orders{}},
		{"shared", []string{"Coatcheck-Cache: shared"}, orders{shared: true}},
		{"not our name", []string{"Coatchecker: 1", "X-Coatcheck-Set: a"}, orders{}},
	} {
		got, err := readOrders(header(tt.lines...))
		if err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %+v, %v, want %+v", tt.why, got, err, tt.want)
		}
	}
}

func TestFaults(t *testing.T) {
	for _, tt := range []struct {
		says  string // part of the message
		lines []string
	}{
		{"Coatcheck-Sign-In: it names no user", []string{"Coatcheck-Sign-In: "}},
		{"Coatcheck-Sign-In: it names no user", []string{"Coatcheck-Sign-In: ; remember"}},
		{"Coatcheck-Sign-In: it appears more than once", []string{"Coatcheck-Sign-In: a", "Coatcheck-Sign-In: a"}},
		{"percent-encoded", []string{"Coatcheck-Sign-In: a, b"}},
		{"percent-encoded", []string{"Coatcheck-Sign-In: a b"}},
		{"percent-encoded", []string{`Coatcheck-Sign-In: "a"`}},
		{"percent-encoded", []string{"Coatcheck-Sign-In: Jürgen"}},
		{"two hexadecimal digits", []string{"Coatcheck-Sign-In: a%2"}},
		{"two hexadecimal digits", []string{"Coatcheck-Sign-In: a%2g"}},
		{"two hexadecimal digits", []string{"Coatcheck-Sign-In: a%"}},
		{"control characters", []string{"Coatcheck-Sign-In: a%00"}},
		{"control characters", []string{"Coatcheck-Sign-In: a%0aCoatcheck-Set"}},
		{"not UTF-8", []string{"Coatcheck-Sign-In: a%ff"}},
		{"longer than 255", []string{"Coatcheck-Sign-In: " + strings.Repeat("a", 256)}},
		{"parameter forever is unknown", []string{"Coatcheck-Sign-In: a; forever"}},
		{"parameter Remember is unknown", []string{"Coatcheck-Sign-In: a; Remember"}},
		{"parameter remember", []string{"Coatcheck-Sign-In: a; remember; remember"}},
		{"parameter remember", []string{"Coatcheck-Sign-In: a; remember=1"}},
		{"parameter by", []string{"Coatcheck-Sign-In: a; by="}},
		{"parameter by", []string{"Coatcheck-Sign-In: a; by"}},
		{"parameter by", []string{"Coatcheck-Sign-In: a; by=x; by=y"}},
		{"parameter level", []string{"Coatcheck-Sign-In: a; level=0"}},
		{"parameter level", []string{"Coatcheck-Sign-In: a; level=02"}},
		{"parameter level", []string{"Coatcheck-Sign-In: a; level=100"}},
		{"parameter level", []string{"Coatcheck-Sign-In: a; level"}},
		{"parameter level", []string{"Coatcheck-Sign-In: a; level=1; level=2"}},
		{"malformed parameter", []string{"Coatcheck-Sign-In: a;"}},
		{"malformed parameter", []string{"Coatcheck-Sign-In: a; by =x"}},
		{`not "this"`, []string{"Coatcheck-Sign-Out: "}},
		{`not "this"`, []string{"Coatcheck-Sign-Out: This"}},
		{`not "this"`, []string{"Coatcheck-Sign-Out: this; now"}},
		{`not "this"`, []string{"Coatcheck-Sign-Out: this, others"}},
		{"more than once", []string{"Coatcheck-Sign-Out: this", "Coatcheck-Sign-Out: others"}},
		{`"this" contradicts Coatcheck-Sign-In`, []string{"Coatcheck-Sign-In: a", "Coatcheck-Sign-Out: this"}},
		{`"all" contradicts Coatcheck-Sign-In`, []string{"Coatcheck-Sign-In: a", "Coatcheck-Sign-Out: all"}},
		{"not key=value", []string{"Coatcheck-Set: "}},
		{"not key=value", []string{"Coatcheck-Set: cart"}},
		{"not key=value", []string{"Coatcheck-Set: a=1,"}},
		{"not JSON", []string{"Coatcheck-Set: a="}},
		{"not JSON", []string{"Coatcheck-Set: a=tea"}},
		{"not JSON", []string{"Coatcheck-Set: a=[1"}},
		{"not JSON", []string{"Coatcheck-Set: a=[1]]"}},
		{"not JSON", []string{`Coatcheck-Set: a="x`}},
		{"not JSON", []string{"Coatcheck-Set: a=1 2"}},
		{"not UTF-8", []string{"Coatcheck-Set: a=\"\xfc\""}},
		{"a key has", []string{"Coatcheck-Set: =1"}},
		{"a key has", []string{"Coatcheck-Set: a b=1"}},
		{"a key has", []string{"Coatcheck-Set: a =1"}},
		{"a key has", []string{"Coatcheck-Set: ä=1"}},
		{"a key has", []string{"Coatcheck-Set: " + strings.Repeat("a", 65) + "=1"}},
		{"parameter carryon is unknown", []string{"Coatcheck-Set: a=1; carryon"}},
		{"malformed parameter", []string{"Coatcheck-Set: a=1;"}},
		{"malformed parameter", []string{"Coatcheck-Set: a=1; carry; carry"}},
		{"key a twice", []string{"Coatcheck-Set: a=1", "Coatcheck-Set: a=1"}},
		{"key a twice", []string{"Coatcheck-Set: a=1", "Coatcheck-Delete: a"}},
		{"a key has", []string{"Coatcheck-Delete: "}},
		{"a key has", []string{"Coatcheck-Delete: a,,b"}},
		{"more than 256", []string{"Coatcheck-Delete: " + manyKeys(257)}},
		{"Coatcheck-Signout: there is no such header", []string{"Coatcheck-Signout: this"}},
		{"Coatcheck_sign_out: there is no such header", []string{"Coatcheck_sign_out: this"}},
		{"Coatcheck: there is no such header", []string{"Coatcheck: 1"}},
	} {
		got, err := readOrders(header(tt.lines...))
		if err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%q: %+v, %v, want an error with %q", tt.lines, got, err, tt.says)
		}
	}
}

func manyKeys(n int) string {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = "k" + strings.Repeat("x", i%50) + string(rune('a'+i/50))
	}
	return strings.Join(keys, ",")
}

func TestFaultsQuoteNoValue(t *testing.T) {
	for _, line := range []string{
		"Coatcheck-Sign-In: s3cret pass", "Coatcheck-Sign-In: a; s3cret!", "Coatcheck-Sign-Out: s3cret",
		"Coatcheck-Sign-In: a; by=s3cret!",
		"Coatcheck-Set: s3cret", "Coatcheck-Set: a=s3cret", `Coatcheck-Set: a="s3cret`, "Coatcheck-Set: s3cret!=1",
		"Coatcheck-Delete: s3cret!",
	} {
		if _, err := readOrders(header(line)); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", line, err)
		}
	}
}

// FuzzContract reads any headers. What is accepted is within the bounds of the contract, means the same when it is
// written down again, and can stand in a header.
func FuzzContract(f *testing.F) {
	f.Add("u42; remember; by=password", "others", `cart=["a","b"]; carry`, "old")
	f.Add("J%C3%BCrgen", "", `a="ü😀",b={"x":[1,2]};carry,c=null`, "d, e")
	f.Add("", "all", `a="\ud800\"];,"`, "")
	f.Add("a;;", "this", "a=[}", ",")
	f.Fuzz(func(t *testing.T, in, out, set, del string) {
		h := http.Header{}
		for name, value := range map[string]string{headerSignIn: in, headerSignOut: out, headerSet: set,
			headerDelete: del} {
			if value != "" {
				h[name] = []string{value}
			}
		}
		o, err := readOrders(h)
		if err != nil {
			return
		}
		for _, c := range o.changes {
			if session.CheckKey(c.key) != nil || c.value != nil && !json.Valid(c.value) {
				t.Fatalf("%q: accepted key %q, value %q", h, c.key, c.value)
			}
			for _, b := range c.value {
				if b < ' ' || b > '~' {
					t.Fatalf("%q: value %q cannot stand in a header", h, c.value)
				}
			}
		}
		again, err := readOrders(o.header())
		if err != nil || !reflect.DeepEqual(again, o) {
			t.Fatalf("%q means %+v; written down as %q it means %+v, %v", h, o, o.header(), again, err)
		}
	})
}

// header writes orders down as an app would.
func (o *orders) header() http.Header {
	h := http.Header{}
	if o.signOut != signOutNone {
		h.Set(headerSignOut, string(o.signOut))
	}
	if o.signIn != nil {
		text := identity.EncodeUser(o.signIn.user)
		if o.signIn.remember {
			text += "; remember"
		}
		if o.signIn.method != "" {
			text += "; by=" + o.signIn.method
		}
		if o.signIn.level != 0 {
			text += fmt.Sprintf("; level=%d", o.signIn.level)
		}
		h.Set(headerSignIn, text)
	}
	for _, c := range o.changes {
		switch {
		case c.value == nil:
			h.Add(headerDelete, c.key)
		case c.carry:
			h.Add(headerSet, c.key+"="+string(c.value)+"; carry")
		default:
			h.Add(headerSet, c.key+"="+string(c.value))
		}
	}
	return h
}
