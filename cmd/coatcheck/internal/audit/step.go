package audit

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// A Script is what somebody does on the site, such as signing in: a step a line.
//
//	# comment
//	open /login
//	fill input[name=user] with ada
//	fill input[name=password] with env:SHOP_PASSWORD
//	click button[type=submit]
//	walk
//	click #sign-out
//
// A path is below the first page. Text after "with env:" is the value of an environment variable, so that no secret
// need be in the file. "walk" opens the pages and follows links; without it, that is done at the end. "wait" takes a
// selector and waits until it matches. After each step a snapshot is taken.
type Script struct {
	Name  string
	steps []step
}

type step struct {
	line     int
	verb     string // open, fill, click, wait, walk
	argument string // a URL or a selector
	text     string // to fill in
}

// Bounds of a script.
const (
	maxScript = 1 << 20
	maxSteps  = 1_000
)

// ReadScript reads a script. env looks up environment variables.
func ReadScript(name string, r io.Reader, env func(string) (string, bool)) (*Script, error) {
	s := &Script{Name: name}
	lines := bufio.NewScanner(io.LimitReader(r, maxScript))
	lines.Buffer(nil, maxScript)
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" || text[0] == '#' {
			continue
		}
		next, err := readStep(text, env)
		if err != nil {
			return nil, fmt.Errorf("script %s, line %d: %w", name, n, err)
		}
		if len(s.steps) >= maxSteps {
			return nil, fmt.Errorf("script %s, line %d: there are more than %d steps", name, n, maxSteps)
		}
		next.line = n
		s.steps = append(s.steps, next)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("script %s: %w", name, err)
	}
	return s, nil
}

func readStep(text string, env func(string) (string, bool)) (step, error) {
	verb, rest, _ := strings.Cut(text, " ")
	s := step{verb: verb, argument: strings.TrimSpace(rest)}
	switch verb {
	case "walk":
		if s.argument != "" {
			return s, fmt.Errorf("walk stands alone, without %q", s.argument)
		}
		return s, nil
	case "open", "click", "wait":
	case "fill":
		selector, value, ok := strings.Cut(s.argument, " with ")
		if !ok {
			return s, fmt.Errorf("write it as: fill SELECTOR with TEXT")
		}
		s.argument, s.text = strings.TrimSpace(selector), strings.TrimSpace(value)
		if name, ok := strings.CutPrefix(s.text, "env:"); ok {
			if s.text, ok = env(name); !ok {
				return s, fmt.Errorf("the environment has no variable %.80q", name)
			}
		}
	default:
		return s, fmt.Errorf("%.40q is no step: use open, fill, click, wait or walk", verb)
	}
	if s.argument == "" {
		return s, fmt.Errorf("%s needs something to %s", verb, verb)
	}
	return s, nil
}

// walks reports whether the script says when to walk.
func (s *Script) walks() bool {
	for _, step := range s.steps {
		if step.verb == "walk" {
			return true
		}
	}
	return false
}

// String is the step for the time line: without what is filled in.
func (s *step) String() string { return strings.TrimSpace(s.verb + " " + cut(s.argument)) }
