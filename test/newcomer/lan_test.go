package newcomer

import (
	"net"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"coatcheck.dev/test/internal/browser"
	"coatcheck.dev/test/internal/proc"
	"coatcheck.dev/test/internal/tool"
)

func TestMain(m *testing.M) { proc.Main(m) }

// The shop in Python stands behind the gate, on a name of the local network and without TLS. README's two lines and its
// --dev are all that it takes to sign in.
//
// Rows: R20
func TestSignInOnALANName(t *testing.T) {
	readme := read(t, "../../README.md")
	for _, line := range []string{
		"PORT=3000 python3 examples/python/app.py &", "go run ./cmd/coatcheck serve --upstream http://127.0.0.1:3000\n",
		"--listen :8080 --dev",
	} {
		if !strings.Contains(readme, line) {
			t.Fatalf("README does not say %q", line)
		}
	}
	addr := proc.FreeAddrs(t, 1)[0]
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	app := proc.Spec{
		Path: tool.Find(t, "python3"), Args: []string{"../../examples/python/app.py"}, Env: []string{"PORT=" + port},
	}
	proc.Start(t, app).AwaitListening(addr)
	gate := proc.Start(t, proc.Spec{Path: proc.Build(t, "coatcheck.dev/cmd/coatcheck"), Args: []string{
		"serve", "--upstream", "http://" + addr, "--dev", "--data", t.TempDir(),
		"--listen", "127.0.0.1:0", "--console-listen", "127.0.0.1:0",
	}})
	site, err := url.Parse(gate.Await(regexp.MustCompile(`^  (?:Shop|App) +(http://localhost:\d+)$`))[1])
	if err != nil {
		t.Fatal(err)
	}
	lan := "http://dev.lan:" + site.Port()

	ada := browser.Start(t, browser.Options{HostRules: "MAP dev.lan 127.0.0.1"})
	ada.Navigate(lan + "/login")
	ada.Fill("input[name=user]", "ada")
	ada.Fill("input[name=password]", "lovelace")
	ada.Submit("form button")
	ada.Navigate(lan + "/")
	ada.AwaitText("body", "You are ada")
	cookies := ada.Cookies()
	if len(cookies) != 1 || cookies[0].Secure || !cookies[0].HTTPOnly || cookies[0].Domain != "dev.lan" {
		t.Errorf("the cookies are %+v", cookies)
	}
}
