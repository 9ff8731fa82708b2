package chromium

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"github.com/chromedp/chromedp"
)

// names are the commands that Chromium and its kin go by, the best first.
var names = []string{"chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome"}

// Options say how a browser starts.
type Options struct {
	Path  string   // the program; "" looks for one
	Flags []string // more flags, such as --host-resolver-rules=...
	// Event is called for each event, in order. It must not wait for the browser. nil is nobody.
	Event func(Event)
}

// A Browser is a running Chromium with a profile of its own, which is empty at first and gone after Close.
type Browser struct {
	*conn
	cmd     *exec.Cmd
	profile string
	ended   chan struct{}
	closed  sync.Once
}

// Find returns the path of Chromium, or an error that says how to name one.
func Find(path string) (string, error) {
	if path != "" {
		found, err := exec.LookPath(path)
		if err != nil {
			return "", fmt.Errorf("there is no Chromium at %s: %w", path, err)
		}
		return found, nil
	}
	for _, name := range names {
		if found, err := exec.LookPath(name); err == nil {
			return found, nil
		}
	}
	return "", errors.New("there is no Chromium on the path; install it, or name it with --chromium")
}

// Start starts a browser. It ends with ctx, or by Close.
func Start(ctx context.Context, o Options) (*Browser, error) {
	path, err := Find(o.Path)
	if err != nil {
		return nil, err
	}
	profile, err := os.MkdirTemp("", "coatcheck-audit-")
	if err != nil {
		return nil, fmt.Errorf("make a browser profile: %w", err)
	}
	b := &Browser{cmd: exec.Command(path, arguments(profile, o.Flags)...), profile: profile, ended: make(chan struct{})}
	ownGroup(b.cmd)
	err = prefer(profile)
	if err == nil {
		err = b.start(o.Event)
	}
	if err != nil {
		os.RemoveAll(profile)
		return nil, fmt.Errorf("start %s: %w", path, err)
	}
	context.AfterFunc(ctx, func() { b.Close() })
	return b, nil
}

// preferences let sites in frames keep cookies, as Chromium does unless its user, or who built it, has other wishes.
const preferences = `{"profile": {"block_third_party_cookies": false, "cookie_controls_mode": 0}}`

// prefer writes the preferences before anybody has read them.
func prefer(profile string) error {
	folder := filepath.Join(profile, "Default")
	if err := os.Mkdir(folder, 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "Preferences"), []byte(preferences), 0o600)
}

// start connects the pipes: the browser reads from its file 3 and writes to its file 4.
func (b *Browser) start(event func(Event)) error {
	commands, in, err := os.Pipe()
	if err != nil {
		return err
	}
	out, answers, err := os.Pipe()
	if err != nil {
		return errors.Join(err, commands.Close(), in.Close())
	}
	b.cmd.ExtraFiles = []*os.File{commands, answers}
	err = b.cmd.Start()
	commands.Close()
	answers.Close()
	if err != nil {
		return errors.Join(err, in.Close(), out.Close())
	}
	b.conn = newConn(chromedp.NewPipeConn(&framed{r: out}, in), event)
	go b.read()
	go func() {
		defer close(b.ended)
		b.cmd.Wait() // how it ended is of no interest: the pipe tells when
	}()
	return nil
}

// Close ends the browser and removes its profile. Closing twice is harmless.
func (b *Browser) Close() {
	b.closed.Do(func() {
		b.pipe.Close() // this is how a Chromium on a pipe is told to end
		select {
		case <-b.ended:
		case <-time.After(5 * time.Second):
		}
		endGroup(b.cmd)
		<-b.ended
		for range 50 { // its last processes may still write
			if os.RemoveAll(b.profile) == nil {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
	})
}

// arguments are those of the command line. What is switched off would reach for the network by itself, or ask a
// question, or tell pages that nobody is looking: then a consent banner would not show.
func arguments(profile string, more []string) []string {
	list := []string{
		"--headless=new", "--remote-debugging-pipe", "--user-data-dir=" + profile,
		"--no-first-run", "--no-default-browser-check", "--disable-background-networking",
		"--disable-component-update", "--disable-default-apps", "--disable-domain-reliability",
		"--disable-extensions", "--disable-field-trial-config", "--disable-sync", "--disable-gpu",
		"--disable-search-engine-choice-screen", "--metrics-recording-only",
		"--mute-audio", "--hide-scrollbars", "--password-store=basic", "--use-mock-keychain",
		"--disable-blink-features=AutomationControlled", "--disable-popup-blocking", "--window-size=1280,800",
		"--disk-cache-dir=" + filepath.Join(profile, "cache"),
	}
	if os.Getuid() == 0 {
		list = append(list, "--no-sandbox") // Chromium refuses root with one
	}
	return append(list, more...)
}

// maxMessage is the largest message that is read: a screenshot is the largest that is asked for.
const maxMessage = 64 << 20

// framed fails on a message without end. Messages end with a zero byte.
type framed struct {
	r io.ReadCloser
	n int
}

func (l *framed) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	for _, c := range p[:n] {
		if l.n++; c == 0 {
			l.n = 0
		}
	}
	if l.n > maxMessage {
		return 0, fmt.Errorf("a message of the browser is longer than %d bytes", maxMessage)
	}
	return n, err
}

func (l *framed) Close() error { return l.r.Close() }
