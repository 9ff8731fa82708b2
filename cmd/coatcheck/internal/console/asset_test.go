package console_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestAssets(t *testing.T) {
	d := newDesk(t)
	b := d.browser() // the sign-in page needs them, too
	for name, kind := range map[string]string{
		"console.css": "text/css; charset=utf-8", "console.js": "text/javascript; charset=utf-8",
		"ticket.svg": "image/svg+xml",
	} {
		got := b.get("/assets/" + name)
		got.want(t, 200)
		if got.Header.Get("Content-Type") != kind {
			t.Errorf("%s is %q, want %q", name, got.Header.Get("Content-Type"), kind)
		}
		tag := got.Header.Get("Etag")
		if again := b.get("/assets/"+name, "If-None-Match", tag); again.StatusCode != 304 || tag == "" {
			t.Errorf("%s with its own tag %q: status %d", name, tag, again.StatusCode)
		}
	}
	for _, path := range []string{"/assets/", "/assets/nothing", "/assets/console.css/", "/assets/%2e%2e/console.go",
		"/templates/frame.html"} {
		b.get(path).want(t, 404)
	}
}

// The content security policy would stop these in the browser; they must not get there, since the page would be broken.
func TestNothingInline(t *testing.T) {
	inline := regexp.MustCompile(`(?i)\s(on[a-z]+|style|srcdoc)\s*=|<style|javascript:|<script(?:[^>]*)>[^<]`)
	files, err := filepath.Glob("templates/*.html")
	if err != nil || len(files) < 5 {
		t.Fatalf("%d templates, %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if found := inline.FindString(string(text)); found != "" {
			t.Errorf("%s has %q", file, found)
		}
		for _, elsewhere := range []string{"http://", "https://", `"//`} {
			if strings.Contains(string(text), elsewhere) {
				t.Errorf("%s names another site", file)
			}
		}
	}
}

func TestScriptMakesNoMarkupFromText(t *testing.T) {
	text, err := os.ReadFile("assets/console.js")
	if err != nil {
		t.Fatal(err)
	}
	for _, sink := range []string{
		"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "DOMParser", "parseFromString",
		"createContextualFragment",
		"setHTMLUnsafe", "eval(", "Function(", "srcdoc", "createElement(", "localStorage", "sessionStorage",
		"document.cookie",
	} {
		if strings.Contains(string(text), sink) {
			t.Errorf("the script uses %s", sink)
		}
	}
}
