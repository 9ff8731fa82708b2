package jar_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/jar"
)

// vectorTime is when vectors are played.
var vectorTime = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// score counts what a file of vectors says.
type score struct {
	t             *testing.T
	file, source  string
	passed, total int
	floor         bool
}

// check counts one case. A failure is an error where the floor is that everything passes, else a line in the log.
func (s *score) check(ok bool, format string, args ...any) {
	s.t.Helper()
	s.total++
	if ok {
		s.passed++
		return
	}
	if s.floor {
		s.t.Errorf(s.file+": "+format, args...)
	} else {
		s.t.Logf(s.file+": "+format, args...)
	}
}

// players know the files that are not in the step format, by their name.
var players = map[string]func(s *score, data []byte){
	"samesite-matrix.json":          playSameSiteMatrix,
	"cases.json":                    playHTTPState,
	"dates-examples.json":           playHTTPStateDates,
	"dates-bsd-examples.clean.json": playHTTPStateDates,
	"parsed-cookie.json":            playParsedCookie,
	"canonical.json":                playCanonical,
	"eviction.json":                 playEviction,
	"dates.json":                    playChromiumDates,
	"inclusion-reasons.json":        playInclusionReasons,
	"cdp-cookie-types.json":         playCDPTypes,
	"tests.txt":                     playPublicSuffixes,
}

// TestVectors plays the public test suites that lie beside the project, or where COATCHECK_VECTORS says. The floor is
// that every case passes that is not marked as suspect. Another folder has no floor: its score is printed.
func TestVectors(t *testing.T) {
	folder, floor := vectorFolder()
	if _, err := os.Stat(folder); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("no vectors: %v", err)
		}
		t.Skipf("no vectors: %v", err)
	}
	played := 0
	err := filepath.WalkDir(folder, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(folder, name)
		if err != nil {
			return err
		}
		s := &score{t: t, file: filepath.ToSlash(relative), floor: floor}
		s.play(data)
		if s.total > 0 {
			played++
			fmt.Printf("%d/%d %s\n", s.passed, s.total, s.file)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if played == 0 {
		t.Errorf("no vectors in %s", folder)
	}
}

// vectorFolder returns the folder of the vectors and whether it is the one that the floor is for.
func vectorFolder() (folder string, floor bool) {
	usual := filepath.Join("..", "..", "shared", "vectors")
	folder = os.Getenv("COATCHECK_VECTORS")
	if folder == "" {
		return usual, true
	}
	info, err := os.Stat(folder)
	if fromRoot := filepath.Join("..", folder); err != nil && !filepath.IsAbs(folder) {
		folder = fromRoot // tests run in the folder of their package
		info, err = os.Stat(folder)
	}
	known, usualErr := os.Stat(usual)
	return folder, err == nil && usualErr == nil && os.SameFile(info, known)
}

func (s *score) play(data []byte) {
	defer func() {
		if r := recover(); r != nil {
			s.check(false, "%v", r)
		}
	}()
	var file struct {
		Profile string
		Source  json.RawMessage
		Cases   []json.RawMessage
	}
	if json.Unmarshal(data, &file) == nil && slices.ContainsFunc(file.Cases, hasSteps) {
		s.source = string(file.Source)
		for i, raw := range file.Cases {
			var c stepCase
			err := json.Unmarshal(raw, &c)
			switch string(c.Suspect) {
			case "", "false", "null", `""`:
				if err == nil {
					err = c.play(s.profile(file.Profile, c.Profile))
				}
				s.check(err == nil, "case %d, %s %s: %v", i+1, c.ID, c.Name, err)
			}
		}
		return
	}
	if player := players[path.Base(s.file)]; player != nil {
		player(s, data)
	}
}

// hasSteps reports whether a case is in the step format.
func hasSteps(raw json.RawMessage) bool {
	var c struct{ Steps []json.RawMessage }
	return json.Unmarshal(raw, &c) == nil && c.Steps != nil
}

// profile is the one that the case or its file names, else Chrome for what comes from Chromium.
func (s *score) profile(names ...string) jar.Profile {
	for _, name := range slices.Backward(names) {
		for _, p := range []jar.Profile{jar.Spec, jar.Chrome, jar.Firefox, jar.Safari} {
			if strings.EqualFold(name, p.String()) {
				return p
			}
		}
	}
	if strings.Contains(s.file, "chromium") || strings.Contains(s.source, "net/cookies") {
		return jar.Chrome
	}
	return jar.Spec
}

type stepCase struct {
	ID, Name        json.RawMessage // for messages
	Profile         string
	Suspect         json.RawMessage
	RejectionPasses bool `json:"rejectionAlsoPasses"`
	Steps           []step
}

type step struct {
	Op, Via, URL    string
	Cookies         []string
	CookiesHex      []string
	OK              json.RawMessage // true, false, 1 or 0
	Why             string
	Expect          *string
	ExpectHex       *string
	ExpectUnordered *string
	AfterMs         int
	Context         stepContext
}

type stepContext struct {
	TopLevel, Initiator, Kind, Method string
	Ancestors, Redirects              []string
}

func (c *stepCase) play(profile jar.Profile) error {
	now := vectorTime
	j := jar.New(jar.Options{Profile: profile, Now: func() time.Time { return now }})
	for i, st := range c.Steps {
		r, err := st.request()
		if err != nil {
			return err
		}
		if err := st.play(j, r, c.RejectionPasses); err != nil {
			return fmt.Errorf("step %d: %w", i+1, err)
		}
		now = now.Add(time.Millisecond + time.Duration(st.AfterMs)*time.Millisecond)
	}
	return nil
}

func (st *step) play(j *jar.Jar, r *jar.Request, rejectionPasses bool) error {
	switch st.Op {
	case "set":
		return st.set(j, r)
	case "get":
		return st.get(j, r, rejectionPasses)
	}
	return fmt.Errorf("unknown op %q", st.Op)
}

func (st *step) set(j *jar.Jar, r *jar.Request) error {
	lines := st.Cookies
	for _, h := range st.CookiesHex {
		b, err := hex.DecodeString(h)
		if err != nil {
			return err
		}
		lines = append(lines, string(b))
	}
	for _, line := range lines {
		why := j.Set(r, line)
		if ok := string(st.OK); ok != "" && why.Excluded() == (ok == "true" || ok == "1") {
			return fmt.Errorf("set %q: %v, want ok %s", line, why, ok)
		}
		if st.Why != "" && !slices.Contains(strings.Fields(why.String()), st.Why) {
			return fmt.Errorf("set %q: %v, want %s", line, why, st.Why)
		}
	}
	return nil
}

func (st *step) get(j *jar.Jar, r *jar.Request, rejectionPasses bool) error {
	got := j.Header(r)
	want := got
	switch {
	case st.Expect != nil:
		want = *st.Expect
	case st.ExpectHex != nil:
		b, err := hex.DecodeString(*st.ExpectHex)
		if err != nil {
			return err
		}
		want = string(b)
	case st.ExpectUnordered != nil:
		got, want = sorted(got), sorted(*st.ExpectUnordered)
	}
	if got != want && !(rejectionPasses && got == "") {
		return fmt.Errorf("get %s: %q, want %q", st.URL, got, want)
	}
	return nil
}

func sorted(header string) string {
	pairs := strings.Split(header, "; ")
	slices.Sort(pairs)
	return strings.Join(pairs, "; ")
}

var stepKinds = map[string]jar.Kind{
	"top-level-navigation": jar.Navigation, "navigation": jar.Navigation, "window-open": jar.Navigation,
	"form-get": jar.Navigation, "form-post": jar.Navigation,
	"iframe-navigation": jar.FrameNavigation, "iframe": jar.FrameNavigation,
}

func (st *step) request() (*jar.Request, error) {
	r := &jar.Request{Kind: stepKinds[st.Context.Kind], Method: st.Context.Method, Script: st.Via == "dom"}
	if st.Context.Kind == "form-post" && r.Method == "" {
		r.Method = "POST"
	}
	for _, f := range []struct {
		to   **url.URL
		from string
	}{{&r.URL, st.URL}, {&r.TopLevel, st.Context.TopLevel}, {&r.Initiator, st.Context.Initiator}} {
		if f.from == "" {
			continue
		}
		u, err := url.Parse(f.from)
		if err != nil {
			return nil, err
		}
		*f.to = u
	}
	for _, f := range []struct {
		to   *[]*url.URL
		from []string
	}{{&r.Ancestors, st.Context.Ancestors}, {&r.Redirects, st.Context.Redirects}} {
		for _, s := range f.from {
			u, err := url.Parse(s)
			if err != nil {
				return nil, err
			}
			*f.to = append(*f.to, u)
		}
	}
	return r, nil
}

func mustURL(s string) *url.URL {
	u, err := url.Parse(s)
	if err != nil {
		panic(err)
	}
	return u
}

func mustDecode(s *score, data []byte, v any) {
	s.t.Helper()
	if err := json.Unmarshal(data, v); err != nil {
		s.check(false, "%v", err)
	}
}
