// Package frontend starts the proxies that people have in front of the program, each on a free port of its own.
package frontend

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"coatcheck.dev/test/internal/proc"
	"coatcheck.dev/test/internal/tool"
)

// Nginx starts nginx with a configuration of its http context, and returns when it listens at addr.
func Nginx(t testing.TB, addr, http string) {
	t.Helper()
	dir, user := t.TempDir(), ""
	if os.Getuid() == 0 {
		user = "user root;"
	}
	var temporary strings.Builder
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		fmt.Fprintf(&temporary, "%s_temp_path %s/%[1]s; ", kind, dir)
	}
	file := Write(t, dir, "nginx.conf", fmt.Sprintf(`daemon off; pid %s/pid; %s events {}
http { access_log off; %s
%s
}
`, dir, user, temporary.String(), http))
	proc.Start(t, proc.Spec{
		Path: tool.Find(t, "nginx", "/usr/sbin/nginx"),
		Args: []string{"-p", dir, "-c", file, "-e", dir + "/errors"},
	}).AwaitListening(addr)
}

// Caddy starts Caddy with the sites of a Caddyfile, without certificates, and returns when it listens at addr.
func Caddy(t testing.TB, addr, sites string) {
	t.Helper()
	caddy(t, tool.Find(t, "caddy"), addr, sites)
}

// newCaddy is a Caddy years younger than that of Debian 12.
const newCaddy = "github.com/caddyserver/caddy/v2/cmd/caddy@v2.11.9"

// NewCaddy does the same with a Caddy that is built from its module: in minutes, where that has not been done before.
func NewCaddy(t testing.TB, addr, sites string) {
	t.Helper()
	caddy(t, proc.Build(t, newCaddy), addr, sites)
}

func caddy(t testing.TB, program, addr, sites string) {
	t.Helper()
	dir := t.TempDir()
	file := Write(t, dir, "Caddyfile", "{\n\tadmin off\n\tauto_https off\n}\n"+sites)
	proc.Start(t, proc.Spec{
		Path: program, Args: []string{"run", "--config", file, "--adapter", "caddyfile"},
		Env: []string{"HOME=" + dir, "XDG_DATA_HOME=" + dir, "XDG_CONFIG_HOME=" + dir},
	}).AwaitListening(addr)
}

// HAProxy starts HAProxy with a backend named coatcheck behind addr, and returns when it listens there.
func HAProxy(t testing.TB, addr, backend string) {
	t.Helper()
	HAProxyWhole(t, addr, fmt.Sprintf(`defaults
    mode http
    timeout connect 5s
    timeout client 1m
    timeout server 1m
    timeout tunnel 1h
frontend site
    bind %s
    default_backend coatcheck
%s`, addr, backend))
}

// HAProxyWhole starts HAProxy with a whole configuration, and returns when it listens at addr.
func HAProxyWhole(t testing.TB, addr, text string) {
	t.Helper()
	proc.Start(t, proc.Spec{
		Path: tool.Find(t, "haproxy", "/usr/sbin/haproxy"),
		Args: []string{"-db", "-f", Write(t, t.TempDir(), "haproxy.cfg", text)},
	}).AwaitListening(addr)
}

// Write makes a file that only we may read, and returns its path.
func Write(t testing.TB, dir, name, text string) string {
	t.Helper()
	file := filepath.Join(dir, name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
