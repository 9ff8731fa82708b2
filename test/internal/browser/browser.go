// Package browser drives a real Chromium in tests.
//
// [Start] gives a browser with a profile of its own; two of them are two visitors. Its methods do what a visitor
// does and end the test when that cannot be done:
//
//	ada := browser.Start(t, browser.Options{})
//	ada.Navigate(shop + "/login")
//	ada.Fill("input[name=user]", "ada")
//	ada.Fill("input[name=password]", "lovelace")
//	ada.Submit("form button")
//	ada.AwaitText("h1", "Hello, ada")
//	ticket := ada.Cookie("__Host-session") // with its attributes, as the browser keeps it
//	ada.Restart()                          // what was kept for the session alone is gone
//
// Elements are named by CSS selectors; the first one in the document that matches is meant. The browser reaches
// loopback addresses and localhost and nothing else, unless the test says otherwise. It is closed when the test
// ends, and none of its processes stays. Without a Chromium the test is skipped, or fails with CI=true.
package browser

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"coatcheck.dev/test/internal/tool"
	"github.com/chromedp/chromedp"
)

// onlyLoopback makes every name unknown except this machine's own, so that no test depends on, or tells
// anything to, the world outside.
const onlyLoopback = "MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE [::1] , EXCLUDE localhost , EXCLUDE *.localhost"

// Options change how the browser starts. The zero value suits most tests.
type Options struct {
	// HostRules maps host names to addresses, in the syntax of Chromium's --host-resolver-rules:
	// "MAP shop.test 127.0.0.1". Empty: only loopback names are known.
	HostRules string

	// Flags are more command line flags without their dashes; an empty value is a flag without one.
	Flags map[string]string

	// Preferences is what the profile's file of that name holds at first, in JSON: settings that have no flag.
	Preferences string

	// Timeout bounds each action. Zero means 30 seconds, far more than any needs on a busy machine.
	Timeout time.Duration
}

// A Browser is one visitor's browser with one tab. It belongs to the goroutine of the test that started it.
type Browser struct {
	t       testing.TB
	options Options
	path    string // of Chromium
	profile string // the folder, for this browser alone

	tab  context.Context    // the running browser's; nil when it is closed
	stop context.CancelFunc // ends it at once

	mu       sync.Mutex // complaints and events arrive from the browser's own goroutine
	grumbles []string
	bindings []string
}

// Start starts a browser with an empty profile.
func Start(t testing.TB, o Options) *Browser {
	t.Helper()
	if o.Timeout == 0 {
		o.Timeout = 30 * time.Second
	}
	if o.HostRules == "" {
		o.HostRules = onlyLoopback
	}
	b := &Browser{
		t: t, options: o,
		path:    tool.Find(t, "chromium", "chromium-browser", "google-chrome"),
		profile: t.TempDir(),
	}
	t.Cleanup(b.Close)
	if err := b.prefer(o.Preferences); err != nil {
		t.Fatal(err)
	}
	b.open()
	return b
}

// prefer writes the preferences before anybody has read them.
func (b *Browser) prefer(preferences string) error {
	if preferences == "" {
		return nil
	}
	folder := filepath.Join(b.profile, "Default")
	if err := os.Mkdir(folder, 0o700); err != nil {
		return fmt.Errorf("write preferences: %w", err)
	}
	if err := os.WriteFile(filepath.Join(folder, "Preferences"), []byte(preferences), 0o600); err != nil {
		return fmt.Errorf("write preferences: %w", err)
	}
	return nil
}

// Profile is the folder of the browser's profile. What is in it is whole when the browser is closed.
func (b *Browser) Profile() string { return b.profile }

// Restart closes the browser as a user does and starts it again with the same profile: what it keeps on disk is
// there, what it keeps for as long as it runs is gone.
func (b *Browser) Restart() {
	b.t.Helper()
	b.Close()
	b.open()
}

// Close closes the browser as a user does, so that it writes down what it keeps. Closing twice is harmless.
func (b *Browser) Close() {
	b.t.Helper()
	if b.tab == nil {
		return
	}
	ctx, cancel := context.WithTimeout(b.tab, b.options.Timeout)
	defer cancel()
	if err := chromedp.Cancel(ctx); err != nil {
		b.t.Errorf("close browser: %v", err)
	}
	b.stop()
	b.tab = nil
	if err := awaitEnd(b.profile); err != nil {
		b.t.Errorf("close browser: %v", err)
	}
}

// Crash kills the browser in the middle of what it does, kill -9, and starts it again with the same profile: what it
// had not written to disk is gone.
func (b *Browser) Crash() {
	b.t.Helper()
	for _, pid := range usersOf(b.profile) {
		_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended with another one
	}
	b.stop()
	if err := awaitEnd(b.profile); err != nil {
		b.t.Fatalf("crash: %v", err)
	}
	b.open()
}

// open starts the process and connects to it through a pipe; no port is opened.
func (b *Browser) open() {
	b.t.Helper()
	allocator, stop := chromedp.NewExecAllocator(context.Background(), b.launch()...)
	tab, _ := chromedp.NewContext(allocator) // its end is that of the allocator's context
	if err := chromedp.Listen(tab, b.listen); err != nil {
		stop()
		b.t.Fatalf("start %s: %v", b.path, err)
	}
	b.tab, b.stop = tab, stop
}

// launch is the command line. What is switched off is what would reach for the network, or ask a question.
func (b *Browser) launch() []chromedp.ExecAllocatorOption {
	flags := map[string]string{
		"headless":                      "new",
		"no-first-run":                  "",
		"disable-background-networking": "",
		"disable-component-update":      "",
		"disable-domain-reliability":    "",
		"disable-field-trial-config":    "",
		"disable-gpu":                   "",
		"disable-quic":                  "",
		"disable-sync":                  "",
		"no-pings":                      "",
		"host-resolver-rules":           b.options.HostRules,
	}
	if os.Getuid() == 0 {
		flags["no-sandbox"] = "" // Chromium refuses root with one
	}
	maps.Copy(flags, b.options.Flags)

	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(b.path),
		chromedp.UserDataDir(b.profile), chromedp.ModifyCmdFunc(ownGroup))
	for _, name := range slices.Sorted(maps.Keys(flags)) {
		if value := flags[name]; value != "" {
			options = append(options, chromedp.Flag(name, value))
		} else {
			options = append(options, chromedp.Flag(name, true))
		}
	}
	return options
}

// ownGroup keeps a Ctrl-C at the terminal from the browser, which the test then closes, and lets the kernel
// kill it when the test binary dies first.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// do runs one action within the browser's timeout.
func do[T any](b *Browser, what string, action chromedp.Action[T]) T {
	b.t.Helper()
	if b.tab == nil {
		b.t.Fatalf("%s: the browser is closed", what)
	}
	ctx, cancel := context.WithTimeout(b.tab, b.options.Timeout)
	defer cancel()
	value, err := chromedp.Run(ctx, action)
	if err != nil {
		b.t.Fatalf("%s: %v%s", what, err, b.where())
	}
	return value
}

// where tells what the visitor looks at, for the message of a failure.
func (b *Browser) where() string {
	ctx, cancel := context.WithTimeout(b.tab, 5*time.Second)
	defer cancel()
	const page = `document.location.href + "\n" + (document.body ? document.body.innerText.slice(0, 2000) : "")`
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](page))
	if err != nil {
		return ""
	}
	return fmt.Sprintf("\nthe page is %s\nand complained: %q", text, b.Complaints())
}
