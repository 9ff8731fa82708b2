package bound

import (
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/test/internal/browser"
	"coatcheck.dev/test/internal/proc"
	"coatcheck.dev/test/internal/tool"
)

func TestMain(m *testing.M) { proc.Main(m) }

// program starts coatcheck behind TLS, and returns the site and what the program has said.
func program(t *testing.T, args ...string) *site {
	t.Helper()
	s := start(t)
	p := proc.Start(t, proc.Spec{
		Path: proc.Build(t, "coatcheck.dev/cmd/coatcheck"),
		Args: append(args, "--listen", "127.0.0.1:0", "--console-listen", "127.0.0.1:0", "--data", t.TempDir(),
			"--trust-proxy", "127.0.0.1", "--bind-devices", "offered", "--bind-lifetime", "2s", "-v"),
	})
	address := p.Await(regexp.MustCompile(`(?:App|Shop) +(http://\S+)`))[1]
	target, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	s.handler = &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host
		r.SetXForwarded()
	}}
	return s
}

// An app in another language that knows nothing of it has sessions that are bound, behind the gate; and so has the
// demo shop.
//
// Rows: D7, D12
func TestPrograms(t *testing.T) {
	t.Parallel()
	for name, run := range map[string]func(t *testing.T) *site{
		"demo": func(t *testing.T) *site { return program(t, "demo") },
		"python": func(t *testing.T) *site {
			addr := proc.FreeAddrs(t, 1)[0]
			_, port, _ := strings.Cut(addr, ":")
			proc.Start(t, proc.Spec{
				Path: tool.Find(t, "python3"), Args: []string{"../../examples/python/app.py"},
				Env: []string{"PORT=" + port},
			}).AwaitListening(addr)
			return program(t, "serve", "--upstream", "http://"+addr)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := run(t)
			ada := s.visitor()
			signIn(ada, s.url)
			ada.AwaitBindingEvent("creation Success", 1)
			for range 3 {
				ada.Navigate(s.url + "/")
				if got := ada.Text("body"); !strings.Contains(got, "ada") {
					t.Errorf("the page says %q", got)
				}
				ada.AwaitNoCookie(cookieName)
			}
			if name == "demo" {
				ada.Navigate(s.url + "/account/")
				if got := ada.Text("main"); !strings.Contains(got, "a key that never leaves the device (EC P-256)") {
					t.Errorf("the account page says %q", got)
				}
			}
			thief := s.visitor()
			ada.Navigate(s.url + "/")
			thief.Plant(ada.Cookies())
			for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(100 * time.Millisecond) {
				thief.Navigate(s.url + "/")
				if !strings.Contains(thief.Text("body"), "ada") {
					break
				}
				if time.Now().After(deadline) {
					t.Fatal("the copy is still good")
				}
			}
			ada.Navigate(s.url + "/")
			if got := ada.Text("body"); !strings.Contains(got, "ada") {
				t.Errorf("then the owner's page says %q", got)
			}
		})
	}
}

func signIn(b *browser.Browser, url string) {
	b.Navigate(url + "/login")
	b.Fill("input[name=user]", "ada")
	b.Fill("input[name=password]", "lovelace")
	b.Submit(`form[action="/login"] button`)
}
