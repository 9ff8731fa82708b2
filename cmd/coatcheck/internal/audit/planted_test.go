package audit_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// planted are the items that the site keeps beside what it declares, each its own way.
var planted = []string{
	"cookie p-response",                // by the page's response
	"cookie p-script",                  // by document.cookie
	"cookie p-store",                   // by cookieStore
	"cookie p-redirect",                // by a response that only redirects
	"cookie p-fetch",                   // by the response to a fetch
	"cookie p-image",                   // by an image
	"cookie p-sandbox",                 // by the document of a sandboxed frame
	"third-party cookie p-third",       // by a page of another site in a frame
	"third-party cookie p-partitioned", // the same, in the partition of this site
	"cookie p-link",                    // by a page that is only linked
	"cookie p-click",                   // by what a button does
	"cookie p-sign-out",                // by signing out
	"cookie p-brief",                   // by a script that deletes it at once
	"localStorage p-local",             // by setItem
	"localStorage p-assigned",          // by an assignment
	"localStorage p-foreign",           // in a frame of another site
	"sessionStorage p-session",         //
	"IndexedDB p-database",             //
	"IndexedDB p-worker",               // by a worker
	"Cache Storage p-service-cache",    // by the service worker
	"Cache Storage p-cache",            //
	"service worker /p-service.js",     //
	"file system p-file",               //
}

// site is the site with the planted items. Pages are served at localhost, and a frame at 127.0.0.1, which is another
// site. Browsers trust both, so that Secure cookies are kept.
func site(t *testing.T) string {
	t.Helper()
	set := func(w http.ResponseWriter, line string) { w.Header().Add("Set-Cookie", line) }
	html := func(w http.ResponseWriter, body string, args ...any) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, "<!doctype html><title>A site</title>"+body, args...)
	}
	script := func(w http.ResponseWriter, text string) {
		w.Header().Set("Content-Type", "text/javascript")
		fmt.Fprint(w, text)
	}
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	foreign := server.URL
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		set(w, "known=1; Path=/; SameSite=Lax")
		set(w, "p-response=secret-of-a-response; Path=/; HttpOnly")
		set(w, "gone=; Path=/; Max-Age=0")
		set(w, "dropped=1; Domain=elsewhere.example")
		html(w, `<h1>Hello</h1><script src="/app.js"></script><img src="/image" alt="">
<iframe src="%s/frame" title="foreign"></iframe>
<iframe sandbox="allow-scripts" src="/sandboxed" title="sandboxed"></iframe>
<a href="/linked">more</a> <a href="/logout">out</a> <a href="%s/elsewhere">else</a>
<a href="/login">in</a> <a href="/redirect">round</a>`, foreign, foreign)
	})
	mux.HandleFunc("GET /app.js", func(w http.ResponseWriter, r *http.Request) {
		script(w, `"use strict"
document.cookie = "p-script=secret-of-a-script; path=/; max-age=3600"
document.cookie = "p-brief=1; path=/"
document.cookie = "p-brief=; path=/; max-age=0"
cookieStore.set({name: "p-store", value: "secret-of-a-store"})
localStorage.setItem("p-local", "secret-in-storage")
localStorage["p-assigned"] = "1"
localStorage.known = "1"
sessionStorage.setItem("p-session", "1")
indexedDB.open("p-database")
caches.open("p-cache")
navigator.serviceWorker.register("/p-service.js")
new Worker("/worker.js")
fetch("/fetched")
navigator.storage.getDirectory().then(d => d.getFileHandle("p-file", {create: true}))
`)
	})
	mux.HandleFunc("GET /p-service.js", func(w http.ResponseWriter, r *http.Request) {
		script(w, `addEventListener("install", e => e.waitUntil(caches.open("p-service-cache")))`)
	})
	mux.HandleFunc("GET /worker.js", func(w http.ResponseWriter, r *http.Request) {
		script(w, "\n\nindexedDB.open('p-worker')")
	})
	for path, line := range map[string]string{
		"/fetched": "p-fetch=1", "/image": "p-image=1; Path=/", "/linked": "p-link=1; Path=/",
		"/logout": "p-sign-out=1; Path=/", "/clicked": "p-click=1; Path=/", "/sandboxed": "p-sandbox=1; Path=/",
	} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			set(w, line)
			html(w, "<p>here")
		})
	}
	mux.HandleFunc("GET /redirect", func(w http.ResponseWriter, r *http.Request) {
		set(w, "p-redirect=1; Path=/")
		http.Redirect(w, r, "/redirected", http.StatusFound)
	})
	mux.HandleFunc("GET /redirected", func(w http.ResponseWriter, r *http.Request) { html(w, "<p>there") })
	mux.HandleFunc("GET /frame", func(w http.ResponseWriter, r *http.Request) {
		set(w, "p-third=1; Path=/; Secure; SameSite=None")
		set(w, "p-partitioned=1; Path=/; Secure; SameSite=None; Partitioned")
		html(w, `<script>localStorage.setItem("p-foreign", "1")</script>`)
	})
	mux.HandleFunc("GET /elsewhere", func(w http.ResponseWriter, r *http.Request) { set(w, "elsewhere=1") })
	mux.HandleFunc("GET /login", func(w http.ResponseWriter, r *http.Request) {
		html(w, `<form method="post"><input name="user"><input name="password" type="password">
<button>in</button></form>`)
	})
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("user") != "ada" || r.FormValue("password") != "lovelace" {
			http.Error(w, "who?", http.StatusForbidden)
			return
		}
		set(w, "sid=1; Path=/; HttpOnly; SameSite=Lax")
		html(w, `<button id="more" onclick="fetch('/clicked')">more</button><a id="out" href="/logout">out</a>`)
	})
	return strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
}
