package doors

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/test/internal/frontend"
	"coatcheck.dev/test/internal/proc"
	"coatcheck.dev/test/internal/redisserver"
	"coatcheck.dev/test/internal/trial"
)

// A set-up is a site that runs, and what the doctor is told of it.
type setup struct {
	site  string
	flags []string
	env   []string
}

// A mistake is one that is planted: the set-up with it, and the row of the doctor that has to find it.
type mistake struct {
	name, row string
	start     func(t *testing.T, f *fixture) setup
}

// A fixture has what the set-ups share: the app, and a gate before it that trusts proxies of this machine.
type fixture struct {
	app  string
	gate *gate
	dir  string
}

// inFront is nginx before the gate: the example of docs/operations.md, with lines replaced.
func inFront(replace ...string) func(t *testing.T, f *fixture) setup {
	return func(t *testing.T, f *fixture) setup {
		addr := proc.FreeAddrs(t, 1)[0]
		frontend.Nginx(t, addr, changed(t, example(t), append(replace, "listen 443 ssl;", "listen "+addr+";",
			"10.0.0.11:8080", f.gate.addr, "10.0.0.12:8080", f.gate.addr)))
		return setup{site: "http://" + addr, flags: []string{"--required", "/account"}}
	}
}

// example is the configuration of nginx in docs/operations.md.
func example(t *testing.T) string {
	t.Helper()
	document, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, begins := strings.Cut(string(document), "\n```nginx\n")
	text, _, ends := strings.Cut(text, "\n```\n")
	if !begins || !ends {
		t.Fatal("docs/operations.md has no example of nginx")
	}
	return text + "\n"
}

// changed returns text with each old part replaced by the new one behind it. A part that is not there fails the test,
// because the mistake would not be planted.
func changed(t testing.TB, text string, replace []string) string {
	t.Helper()
	for i := 0; i < len(replace); i += 2 {
		if !strings.Contains(text, replace[i]) {
			t.Fatalf("the configuration lacks %q", replace[i])
		}
		text = strings.ReplaceAll(text, replace[i], replace[i+1])
	}
	return text
}

// by is HAProxy before the app, where a fixed user stands for the answer of the auth endpoint.
func by(replace ...string) func(t *testing.T, f *fixture) setup {
	return func(t *testing.T, f *fixture) setup {
		addr := proc.FreeAddrs(t, 1)[0]
		frontend.HAProxy(t, addr, changed(t, `backend coatcheck
    http-request deny if METH_TRACE
    http-request del-header coatcheck -m beg
    http-request del-header x-forwarded -m beg
    http-request del-header x_forwarded -m beg
    http-request del-header ^x[-_](original|rewrite|http[-_]method|method) -m reg
    http-request del-header ^(x[-_]client|true[-_]client|x[-_]real)[-_]ip$ -m reg
    http-request del-header forwarded
    http-request set-header Coatcheck-User ada
    http-request set-header Coatcheck-Session R0tYAd1Zkhb7cPQm3nMWzA
    http-request set-header X-Forwarded-For %[src]
    server app APP
`, append(replace, "APP", f.app)))
		return setup{site: "http://" + addr}
	}
}

// caddy is Caddy before the gate.
func caddy(lines string) func(t *testing.T, f *fixture) setup { return caddyBy(frontend.Caddy, lines) }

func caddyBy(start func(t testing.TB, addr, sites string), lines string) func(t *testing.T, f *fixture) setup {
	return func(t *testing.T, f *fixture) setup {
		addr := proc.FreeAddrs(t, 1)[0]
		start(t, addr, fmt.Sprintf("http://%s {\n%s\n}\n", addr, strings.ReplaceAll(lines, "GATE",
			f.gate.addr)))
		return setup{site: "http://" + addr, flags: []string{"--required", "/account"}}
	}
}

// alone is a gate with no proxy before it.
func alone(config string, flags ...string) func(t *testing.T, f *fixture) setup {
	return func(t *testing.T, f *fixture) setup {
		return setup{"http://" + serve(t, config, f.app, flags...).addr, []string{"--required", "/account"}, nil}
	}
}

// secure is a gate with https, where the doctor trusts its certificate, before which nginx answers plain http.
func secure(plain string, flags ...string) func(t *testing.T, f *fixture) setup {
	return func(t *testing.T, f *fixture) setup {
		cert, key := certificate(t, f.dir)
		gate := serve(t, closed, f.app, append(flags, "--tls-cert", cert, "--tls-key", key)...)
		addr := proc.FreeAddrs(t, 1)[0]
		frontend.Nginx(t, addr, "server { listen "+addr+"; location / { "+strings.ReplaceAll(plain, "GATE",
			gate.addr)+" } }")
		return setup{"https://" + gate.addr, []string{"--required", "/account", "--plain", "http://" + addr},
			[]string{"SSL_CERT_FILE=" + cert}}
	}
}

// unasked is nginx with what is printed, but requests that a condition names go to the app without a question.
func unasked(condition string) func(t *testing.T, f *fixture) setup {
	return func(t *testing.T, f *fixture) setup {
		return printed(nginx, "auth_request /.coatcheck/auth;", "error_page 418 = @app; if ("+condition+
			") { return 418; }\n        auth_request /.coatcheck/auth;", "location /.coatcheck/ {",
			"location @app { proxy_pass http://"+f.app+"; proxy_http_version 1.1; "+
				"proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $coatcheck_connection; }\n    "+
				"location /.coatcheck/ {")(t, f)
	}
}

const toHTTPS = "return 308 https://127.0.0.1$request_uri;"

// cached is a cache before the gate that keeps the pages of one path whatever they say.
func cached(t *testing.T, f *fixture) setup {
	addr := cache(t, f.gate.addr, "/.echo", "Cache-Control Expires Set-Cookie Vary")
	return setup{site: "http://" + addr, flags: []string{"--required", "/account"}}
}

// cache is nginx that keeps the pages of one path, and does not read the named headers of an answer.
func cache(t *testing.T, behind, path, ignored string) string {
	addr := proc.FreeAddrs(t, 1)[0]
	frontend.Nginx(t, addr, strings.NewReplacer("ADDR", addr, "BEHIND", behind, "DIR", t.TempDir(), "PATH", path,
		"IGNORED", ignored).Replace(`
	proxy_cache_path DIR/cache keys_zone=pages:1m;
	map $http_upgrade $connection_for_upgrade { default upgrade; '' ''; }
	server {
		listen ADDR;
		proxy_http_version 1.1;
		proxy_set_header Upgrade $http_upgrade;
		proxy_set_header Connection $connection_for_upgrade;
		proxy_set_header Host $http_host;
		proxy_set_header X-Forwarded-For $remote_addr;
		proxy_set_header X-Forwarded-Host $http_host;
		proxy_set_header X-Forwarded-Proto $scheme;
		location / { proxy_pass http://BEHIND; proxy_buffering off; }
		location = PATH {
			proxy_pass http://BEHIND;
			proxy_cache pages;
			proxy_cache_key $request_uri;
			proxy_cache_valid 200 1m;
			proxy_ignore_headers IGNORED;
		}
	}`))
	return addr
}

// everywhere has the app answer at a second loopback address, too, as one does that listens on all of the machine's.
func everywhere(t *testing.T, f *fixture) setup {
	app := echo(t)
	_, port, _ := strings.Cut(app, ":")
	listener, err := net.Listen("tcp", "127.0.0.2:"+port)
	if err != nil {
		t.Fatal(err)
	}
	second := &httptest.Server{
		Listener: listener,
		Config:   &http.Server{Handler: httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: app})},
	}
	second.Start()
	t.Cleanup(second.Close)
	return setup{site: "http://" + serve(t, closed, app).addr, flags: []string{"--required", "/account"}}
}

var mistakes = []mistake{
	{"identity is not set", "identity", by("coatcheck -m beg", "coatcheck[^-] -m reg")},
	{"identity is added", "identity-doubled", by("del-header coatcheck -m beg", "del-header coatcheck_ -m beg",
		"set-header Coatcheck-User ada", "add-header Coatcheck-User ada",
		"set-header Coatcheck-Session R0tYAd1Zkhb7cPQm3nMWzA", "set-header Coatcheck-Session R0tY\n"+
			"    http-request set-header Coatcheck-Data {}\n    http-request set-header Coatcheck-Bound no\n"+
			"    http-request set-header Coatcheck-Csrf-Token none")},
	{"underscores pass", "identity-signs", by("del-header coatcheck -m beg", "del-header coatcheck- -m beg")},
	{"identity in the answer", "identity-answer", inFront("proxy_pass http://coatcheck;",
		"proxy_pass http://coatcheck; add_header Coatcheck-User ada;")},
	{"the client's address is appended", "client-address", by("del-header x-forwarded -m beg",
		"del-header x-forwarded-proto\n    http-request del-header x-forwarded-host\n"+
			"    http-request del-header x-forwarded-uri", "set-header X-Forwarded-For", "add-header X-Forwarded-For")},
	{"the client says which protocol", "forwarded", inFront("proxy_set_header X-Forwarded-Proto $scheme;", "")},
	{"another URL", "misleading", by("(original|rewrite|", "(rewrite|")},
	{"no route", "required", alone("upstream: http://APP\n")},
	{"a route for one method", "required-method", alone(strings.Replace(closed, "/account", "GET /account", 1))},
	{"the app listens everywhere", "upstream", everywhere},
	{"flags are taken away", "cookie", inFront("proxy_pass http://coatcheck;",
		"proxy_pass http://coatcheck; proxy_cookie_flags ~ nohttponly;")},
	{"development on a real site", "cookie", alone(closed, "--dev")},
	{"Set-Cookie is dropped", "two-cookies", inFront("proxy_pass http://coatcheck;",
		"proxy_pass http://coatcheck; proxy_hide_header Set-Cookie;")},
	{"small buffers", "large-cookies", inFront("listen 443 ssl;", "listen 443 ssl; large_client_header_buffers 4 1k;")},
	{"a cache that obeys nobody", "caching", cached},
	{"errors are replaced", "status", inFront("proxy_pass http://coatcheck;",
		"proxy_pass http://coatcheck; proxy_intercept_errors on; error_page 503 =500 /oops;")},
	{"no upgrade", "websocket", inFront("proxy_set_header Upgrade $http_upgrade;", "")},
	{"streams are kept", "events", by("set-header X-Forwarded-For %[src]", "set-header X-Forwarded-For %[src]\n"+
		"    http-response wait-for-body time 1m if { res.hdr(content-type) -m beg text/event }")},
	{"a header from the client says which path", "required-headers", caddy(
		"rewrite @said {header.X-Original-Url}\n@said header X-Original-Url *\nreverse_proxy GATE")},
	{"the app is not told who it is", "identity", printed(nginx, "proxy_set_header Coatcheck-User $coatcheck_user;",
		"")},
	{"the client's word for the path", "required-headers", printed(nginx,
		"proxy_set_header X-Original-Uri $request_uri", "proxy_set_header X-Original-Uri $asked",
		"upstream coatcheck {", "map $http_x_original_uri $asked { default $http_x_original_uri; '' $request_uri; }\n"+
			"upstream coatcheck {")},
	{"the auth endpoint is open", "auth-endpoint", printed(nginx, "internal;", "")},
	{"a cache of users' pages", "caching-session", func(t *testing.T, f *fixture) setup {
		s := printed(nginx)(t, f)
		s.site = "http://" + cache(t, strings.TrimPrefix(s.site, "http://"), "/.echo/shared", "Cache-Control")
		return s
	}},
	{"only one spelling goes through the gate", "required-spelling", func(t *testing.T, f *fixture) setup {
		s := by("server app APP", "use-server gate if { path_beg /account }\n    server app APP\n    server gate "+
			f.gate.addr)(t, f)
		s.flags = []string{"--required", "/account"}
		return s
	}},
	{"the method is not told", "cross-site", printed(nginx, "X-Original-Method $request_method",
		"X-Original-Method GET")},
	{"WebSockets are not asked about", "required-headers", unasked("$http_upgrade")},
	{"health checks are not asked about", "required-headers", unasked("$http_user_agent ~ ^kube-probe")},
	{"a folder is not asked about", "identity-paths", func(t *testing.T, f *fixture) setup {
		return printed(nginx, "location /.coatcheck/ {", "location /api/ { proxy_pass http://"+f.app+
			"; }\n    location /.coatcheck/ {")(t, f)
	}},
	{"the auth endpoint's answers are kept", "caching-session", func(t *testing.T, f *fixture) setup {
		return printed(nginx, "upstream coatcheck {", "proxy_cache_path "+t.TempDir()+
			" keys_zone=auth:1m;\nupstream coatcheck {", "internal;", "internal; proxy_cache auth; "+
			"proxy_cache_key $request_uri; proxy_cache_valid 200 1m; proxy_ignore_headers Cache-Control Vary;")(t, f)
	}},
	{"no HSTS", "hsts", secure(toHTTPS)},
	{"plain http is served", "redirect", secure("proxy_pass https://GATE; proxy_set_header Host $http_host;",
		"--hsts", "1h")},
}

// Each mistake is found by its row, and no other row says a word.
func TestPlantedMistakesAreFound(t *testing.T) {
	f := newFixture(t)
	for _, m := range mistakes {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			s := m.start(t, f)
			findings := doctor(t, s.env, append(s.flags, "--site", s.site)...)
			if got := dangers(findings); !slices.Equal(got, []string{m.row}) {
				t.Errorf("found by %v, want %s", got, m.row)
			}
			for _, row := range findings {
				if row.Status == "dangerous" {
					t.Logf("%s: %s: %s; %s", row.Name, row.Tried, row.Got, row.Fix)
					if row.Fix == "" {
						t.Error("it does not say what to change")
					}
				}
			}
		})
	}
}

func TestNothingIsFoundWhereNothingIsWrong(t *testing.T) {
	f := newFixture(t)
	sound := map[string]func(t *testing.T, f *fixture) setup{
		"gate": alone(closed), "nginx before the gate": inFront(), "HAProxy": by(),
		"Caddy": caddy("reverse_proxy GATE"),
		"https": secure(toHTTPS, "--hsts", "1h"),
	}
	for _, p := range proxies {
		sound["beside "+p.name] = printed(p)
	}
	if trial.Torture() {
		sound["a new Caddy"] = caddyBy(frontend.NewCaddy, "reverse_proxy GATE")
		sound["beside a new caddy"] = printed(newCaddy)
	}
	for name, start := range sound {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, f)
			for _, row := range doctor(t, s.env, append(s.flags, "--site", s.site)...) {
				if row.Status == "dangerous" {
					t.Errorf("%s: %s: %s", row.Name, row.Tried, row.Got)
				}
				if row.Status == "unknown" {
					t.Logf("unknown: %s: %s", row.Name, row.Got)
				}
			}
		})
	}
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	app := echo(t, "--insecure-sign-in")
	return &fixture{app: app, gate: serve(t, closed, app, "--trust-proxy", "127.0.0.1"), dir: t.TempDir()}
}

// While the store is stopped, an answer that signs somebody out is found, and the one that is printed is not.
func TestOutagesAreJudged(t *testing.T) {
	app := echo(t, "--insecure-sign-in")
	for name, tt := range map[string]struct {
		replace []string
		want    []string
	}{
		"as printed":            {nil, nil},
		"an outage is an error": {[]string{"error_page 401 500 =", "error_page 401 ="}, []string{"outage"}},
		"an outage is a signed-out user": {[]string{"error_page 401 500 = @coatcheck_answer;",
			"error_page 401 500 =302 /.echo/sign-in;"}, []string{"outage"}},
		"an outage deletes the cookie": {[]string{"error_page 502 504 = @coatcheck_unknown;",
			"error_page 502 504 = @coatcheck_unknown; add_header Set-Cookie '__Host-session=; Path=/; Max-Age=0' " +
				"always;"},
			[]string{"outage"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := redisserver.Start(t, "--appendonly", "yes", "--appendfsync", "always")
			b := startBeside(t, nginx, app, []string{"--store", "redis://" + store.Addr + "/0"}, tt.replace...)
			cookie := signIn(t, b.serve, "gate.localhost", "ada")
			store.Kill()
			var findings []finding
			for deadline := time.Now().Add(time.Minute); ; {
				findings = doctor(t, []string{"COATCHECK_COOKIE=" + cookie}, "--site", "http://"+b.addr, "--store-down")
				if findings[0].Status != "unknown" || time.Now().After(deadline) {
					break // the user is not believed from memory any more
				}
			}
			if got := dangers(findings); !slices.Equal(got, tt.want) || len(findings) != 1 {
				t.Errorf("%+v, want %v", findings, tt.want)
			}
		})
	}
}
