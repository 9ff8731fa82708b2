package state

import (
	"encoding/json"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"coatcheck.dev/event"
)

// An Answer is what a visitor has said about what may be kept. It stands in the cookie of [Consent] as
//
//	answer   = version "~" minutes "~" [ purposes ] "~" [ purposes ] "~"
//	version  = 1*32( ALPHA / DIGIT / "-" / "_" )
//	minutes  = 1*9DIGIT                    ; since 1970: many visitors share a minute
//	purposes = purpose *( "." purpose )    ; first those agreed to, then those refused
//
// The last '~' shows that nothing has been cut off. A purpose stands in it once.
type Answer struct {
	Version         string
	At              time.Time // rounded down to the minute
	Agreed, Refused []Purpose
}

const maxAnswer = 1024 // bytes

func (a *Answer) text() string {
	return a.Version + "~" + strconv.FormatInt(a.At.Unix()/60, 10) + "~" + strings.Join(words(a.Agreed), ".") + "~" +
		strings.Join(words(a.Refused), ".") + "~"
}

func words(purposes []Purpose) []string {
	all := make([]string, len(purposes))
	for i, p := range purposes {
		all[i] = string(p)
	}
	return all
}

func parseAnswer(text string) (a Answer, ok bool) {
	if len(text) > maxAnswer || strings.Count(text, "~") != 4 || !strings.HasSuffix(text, "~") {
		return Answer{}, false
	}
	parts := strings.Split(text, "~")
	minutes, err := strconv.ParseUint(parts[1], 10, 32)
	if err != nil || len(parts[1]) > 9 || !isVersion(parts[0]) {
		return Answer{}, false
	}
	a.Version, a.At = parts[0], time.Unix(int64(minutes)*60, 0).UTC()
	if a.Agreed, ok = parsePurposes(parts[2], nil); !ok {
		return Answer{}, false
	}
	if a.Refused, ok = parsePurposes(parts[3], a.Agreed); !ok {
		return Answer{}, false
	}
	return a, true
}

// parsePurposes reads a list whose purposes are all different, and none of the others.
func parsePurposes(text string, others []Purpose) (all []Purpose, ok bool) {
	if text == "" {
		return nil, true
	}
	for word := range strings.SplitSeq(text, ".") {
		p := Purpose(word)
		if p.check() != nil || !p.NeedsConsent() || slices.Contains(all, p) || slices.Contains(others, p) {
			return nil, false
		}
		all = append(all, p)
	}
	return all, true
}

func isVersion(text string) bool {
	for i := range len(text) {
		if c := text[i]; !isNameByte(c) || c == '.' {
			return false
		}
	}
	return text != "" && len(text) <= 32
}

// receipt tells of the answer what an auditor may know.
func (a *Answer) receipt(before Answer, gpc bool) *event.Consent {
	var withdrawn []Purpose
	for _, p := range a.Refused {
		if slices.Contains(before.Agreed, p) {
			withdrawn = append(withdrawn, p)
		}
	}
	return &event.Consent{Version: a.Version, Agreed: words(a.Agreed), Refused: words(a.Refused),
		Withdrawn: words(withdrawn), GPC: gpc}
}

// WriteReceipts returns an observer that writes each answer about consent as one line of JSON, for those who must show
// that visitors were asked (GDPR, article 7(1)). Nothing in it tells who the visitor was:
//
//	{"at":"2026-11-29T19:00:00Z","version":"1","agreed":["analytics"],"refused":["marketing"],
//		"withdrawn":[],"gpc":false}
//
// An error of the writer goes to failed, which may be nil.
func WriteReceipts(w io.Writer, failed func(error)) event.Observer {
	var mu sync.Mutex // one observer may be given to two queues
	return func(e event.Event) {
		if e.Kind != event.Consented || e.Consent == nil {
			return
		}
		line, err := json.Marshal(receipt{e.At.UTC(), e.Consent.Version, e.Consent.Agreed, e.Consent.Refused,
			e.Consent.Withdrawn, e.Consent.GPC})
		if err == nil {
			mu.Lock()
			_, err = w.Write(append(line, '\n'))
			mu.Unlock()
		}
		if err != nil && failed != nil {
			failed(err)
		}
	}
}

type receipt struct {
	At        time.Time `json:"at"`
	Version   string    `json:"version"`
	Agreed    []string  `json:"agreed"`
	Refused   []string  `json:"refused"`
	Withdrawn []string  `json:"withdrawn"`
	GPC       bool      `json:"gpc"`
}
