package config_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/config"
)

// cleanEnv takes variables away that would change what a command line means.
func cleanEnv(t *testing.T) {
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "COATCHECK_") {
			t.Setenv(name, "")
			os.Unsetenv(name)
		}
	}
	t.Setenv("XDG_DATA_HOME", "/data")
	t.Setenv("HOME", "/h/ada")
}

func TestParse(t *testing.T) {
	cleanEnv(t)
	data, err := config.DataFolder()
	if err != nil {
		t.Fatal(err)
	}
	storage := config.Storage{NearBytes: 64 << 20, Lease: 5 * time.Second, StoreTimeout: 2 * time.Second,
		StoreCalls: 256}
	server := config.Server{Storage: storage, Listen: "localhost:8080", ConsoleListen: "localhost:8081", Data: data,
		LogFormat: "text", ClientConns: 1000, BindDevices: "off", BindLifetime: 10 * time.Minute,
		History: 2160 * time.Hour}
	with := func(change func(*config.Server)) config.Server {
		h := server
		change(&h)
		return h
	}
	site := func(change func(*config.Site)) config.Site {
		s := config.Site{Upstream: "http://u", UpstreamTimeout: time.Minute, BodyTimeout: time.Minute, Theft: "end",
			MaxSessions: 100, AtLimit: "end-oldest", MaxVisitors: 10_000, MaxBytes: 6144, MaxKeys: 100}
		change(&s)
		return s
	}
	serve := func(h config.Server) config.Serve {
		return config.Serve{Site: site(func(s *config.Site) { s.Upstream = "http://127.0.0.1:3000" }), Server: h}
	}
	for _, tt := range []struct {
		args, env string
		command   config.Command
		flags     any // of the command
	}{
		{"demo", "", config.RunDemo, config.Demo{Server: server}},
		{"demo --listen :0 --console-listen=127.0.0.1:0 --data x -v --log-format json", "", config.RunDemo,
			config.Demo{Server: config.Server{Storage: storage, Listen: ":0", ConsoleListen: "127.0.0.1:0", Data: "x",
				LogFormat: "json", Verbose: true, ClientConns: 1000,
				BindDevices: "off", BindLifetime: 10 * time.Minute, History: 2160 * time.Hour}}},
		{"demo --bind-devices required --bind-lifetime 6m", "", config.RunDemo,
			config.Demo{Server: with(func(h *config.Server) {
				h.BindDevices, h.BindLifetime = "required", 6*time.Minute
			})}},
		{"demo", "LISTEN=:1", config.RunDemo, config.Demo{Server: with(func(h *config.Server) { h.Listen = ":1" })}},
		{"demo", "CONSOLE_LISTEN=:1 DATA=d LOG_FORMAT=json VERBOSE=true", config.RunDemo,
			config.Demo{Server: config.Server{Storage: storage, Listen: "localhost:8080", ConsoleListen: ":1",
				Data: "d", LogFormat: "json", Verbose: true, ClientConns: 1000,
				BindDevices: "off", BindLifetime: 10 * time.Minute, History: 2160 * time.Hour}}},
		{"demo --listen :2", "LISTEN=:1", config.RunDemo,
			config.Demo{Server: with(func(h *config.Server) { h.Listen = ":2" })}},
		{"serve --upstream http://127.0.0.1:3000", "", config.RunServe, serve(server)},
		{"serve", "UPSTREAM=http://127.0.0.1:3000", config.RunServe, serve(server)},
		{"demo --dev", "", config.RunDemo, config.Demo{Server: with(func(h *config.Server) { h.Dev = true })}},
		{"demo", "DEV=true", config.RunDemo, config.Demo{Server: with(func(h *config.Server) { h.Dev = true })}},
		{"serve --upstream http://127.0.0.1:3000 --data d", "", config.RunServe,
			serve(with(func(h *config.Server) { h.Data = "d" }))},
		{"serve --upstream http://u --upstream-timeout 0 --trust-origin https://a --trust-origin https://b", "",
			config.RunServe,
			config.Serve{Site: site(func(s *config.Site) {
				s.UpstreamTimeout, s.TrustOrigin = 0, []string{"https://a", "https://b"}
			}), Server: server}},
		{"serve --upstream http://u --insecure-report-cross-site", "", config.RunServe,
			config.Serve{Site: site(func(s *config.Site) { s.InsecureReportCrossSite = true }), Server: server}},
		{"serve --upstream http://u --body-timeout 2s --pass-header X-Host --client-connections 9", "", config.RunServe,
			config.Serve{Site: site(func(s *config.Site) {
				s.BodyTimeout, s.PassHeader = 2*time.Second,
					[]string{"X-Host"}
			}),
				Server: with(func(h *config.Server) { h.ClientConns = 9 })}},
		{"check https://a.example/ https://b.example/ --fail-on never", "", config.RunCheck,
			config.Check{Pages: []string{"https://a.example/", "https://b.example/"}, Format: "text", FailOn: "never"}},
		{"check --lines - --url https://a.example/ --format sarif", "", config.RunCheck,
			config.Check{Lines: "-", URL: "https://a.example/", Format: "sarif", FailOn: "warning"}},
		{"check --har f", "FAIL_ON=error", config.RunCheck, config.Check{HAR: "f", Format: "text", FailOn: "error"}},
		{"demo --inventory", "", config.RunDemo, config.Demo{Inventory: true, Server: server}},
		{"cookies convert a b", "", config.ConvertCookies, config.Convert{From: "a", To: "b"}},
		{"cookies convert -f har --to-format=cdp - -", "", config.ConvertCookies,
			config.Convert{From: "-", To: "-", FromFormat: "har", ToFormat: "cdp"}},
		{"version", "", config.PrintVersion, nil},
	} {
		t.Run(tt.args+" "+tt.env, func(t *testing.T) {
			for pair := range strings.FieldsSeq(tt.env) {
				name, value, _ := strings.Cut(pair, "=")
				t.Setenv("COATCHECK_"+name, value)
			}
			var out bytes.Buffer
			line, err := config.Parse(strings.Fields(tt.args), &out)
			if err != nil || line.Command != tt.command || out.Len() > 0 {
				t.Fatalf("command %q, %v, printed %q", line.Command, err, &out)
			}
			var got any
			switch tt.flags.(type) {
			case config.Demo:
				got = line.Demo
			case config.Serve:
				got = config.Serve{Site: line.Serve.Site, Server: line.Serve.Server}
			case config.Check:
				got = line.Check
			case config.Convert:
				got = line.Cookies.Convert
			}
			if !reflect.DeepEqual(got, tt.flags) {
				t.Errorf("flags %+v, want %+v", got, tt.flags)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	cleanEnv(t)
	for args, says := range map[string]string{
		"":                         "demo",
		"dmeo":                     "dmeo",
		"serve":                    "--upstream",
		"demo --lisen :0":          "--lisen",
		"demo --upstream http://x": "--upstream",
		"check --fail-on x":        "fail-on",
		"check --format x":         "format",
		"demo --log-format xml":    "text",
		"serve --upstream http://x --upstream-timeout y": "upstream-timeout",
		"demo extra":                      "extra",
		"cookies convert a":               "<to>",
		"cookies convert a b -f floppy":   "floppy",
		"cookies convert a b -t chrome":   "chrome",
		"cookies convert a b --listen :0": "--listen",
	} {
		_, err := config.Parse(strings.Fields(args), &bytes.Buffer{})
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v, want one line with %q", args, err, says)
		}
	}
}

func TestHelp(t *testing.T) {
	cleanEnv(t)
	for args, want := range map[string][]string{
		"--help":       {"demo", "serve", "doctor", "version", "COATCHECK_CONSOLE_LISTEN"},
		"serve --help": {"--upstream=URL", "localhost:8080", "localhost:8081", "/data", "--verbose"},
		"cookies convert -h": {"FROM", "--from-format=FORMAT", "curl,wget,python", "firefox", "storageState.json",
			"encrypted"},
		"demo -h":   {"--data=DIR", "--log-format", "--inventory", "sqlite:, postgres://"},
		"doctor -h": {"mysql://USER:PASSWORD@HOST:3306/DATABASE\n", "exit status"},
	} {
		var out bytes.Buffer
		if _, err := config.Parse(strings.Fields(args), &out); !errors.Is(err, config.ErrAnswered) {
			t.Errorf("%s: %v", args, err)
		}
		for _, text := range want {
			if !strings.Contains(out.String(), text) {
				t.Errorf("%s lacks %q:\n%s", args, text, &out)
			}
		}
	}
}

func TestDataFolder(t *testing.T) {
	for _, tt := range []struct{ system, env, want string }{
		{"linux", "HOME=/h/ada", "/h/ada/.local/share"},
		{"linux", "HOME=/h/ada XDG_DATA_HOME=/data", "/data"},
		{"linux", "HOME=/h/ada XDG_DATA_HOME=relative", "/h/ada/.local/share"},
		{"linux", "XDG_DATA_HOME=/data", "/data"},
		{"linux", "", ""},
		{"freebsd", "HOME=/h/ada", "/h/ada/.local/share"},
		{"darwin", "HOME=/m/ada XDG_DATA_HOME=/data", "/m/ada/Library/Application Support"},
		{"windows", `LocalAppData=C:\ada\local`, `C:\ada\local`},
		{"windows", "HOME=/h/ada", ""},
	} {
		env := func(name string) string {
			for pair := range strings.FieldsSeq(tt.env) {
				if value, ok := strings.CutPrefix(pair, name+"="); ok {
					return value
				}
			}
			return ""
		}
		got, err := config.UserData(tt.system, env)
		if filepath.ToSlash(got) != filepath.ToSlash(tt.want) || (err != nil) != (tt.want == "") {
			t.Errorf("%s, %s: %q, %v, want %q", tt.system, tt.env, got, err, tt.want)
		}
	}
}

// Without a home the program still runs, if it is told where.
func TestNoHome(t *testing.T) {
	cleanEnv(t)
	t.Setenv("XDG_DATA_HOME", "")
	t.Setenv("HOME", "")
	if _, err := config.Parse([]string{"demo"}, &bytes.Buffer{}); err == nil ||
		!strings.Contains(err.Error(), "--data") {
		t.Errorf("no home, no --data: %v", err)
	}
	for _, args := range [][]string{{"demo", "--data", "x"}, {"version"}} {
		if _, err := config.Parse(args, &bytes.Buffer{}); err != nil {
			t.Errorf("%q: %v", args, err)
		}
	}
}
