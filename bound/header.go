package bound

import (
	"net/http"
	"slices"
	"strings"

	"github.com/dunglas/httpsfv"
)

// Header fields of DBSC, as Chromium 156 speaks it.
const (
	registrationHeader = "Secure-Session-Registration"
	challengeHeader    = "Secure-Session-Challenge"
	responseHeader     = "Secure-Session-Response"
	idHeader           = "Sec-Secure-Session-Id"
	skippedHeader      = "Secure-Session-Skipped"
)

const (
	maxIDLen      = 64
	maxSkippedLen = 1024
)

// offerOf is the header by which a browser is asked for a key.
func offerOf(path, challenge, authorization string) string {
	params := httpsfv.NewParams()
	params.Add("path", path)
	params.Add("challenge", challenge)
	params.Add("authorization", authorization)
	algorithms := httpsfv.InnerList{Params: params}
	for _, a := range signatureAlgorithms {
		algorithms.Items = append(algorithms.Items, httpsfv.NewItem(httpsfv.Token(a)))
	}
	return marshal(httpsfv.List{algorithms})
}

// challengeOf is the header with what the session's browser has to sign.
func challengeOf(challenge, id string) string {
	item := httpsfv.NewItem(challenge)
	item.Params.Add("id", id)
	return marshal(httpsfv.List{item})
}

func marshal(v httpsfv.StructuredFieldValue) string {
	text, err := httpsfv.Marshal(v)
	if err != nil {
		panic(err) // the program's own texts
	}
	return text
}

// textOf returns a header field of one line and at most so many bytes. The draft has a string of structured fields
// there, and Chromium sends the bare text, so either does.
func textOf(header http.Header, name string, most int) (text string, ok bool) {
	lines := header[name]
	if len(lines) != 1 || len(lines[0]) > most || lines[0] == "" {
		return "", false
	}
	if lines[0][0] != '"' {
		return lines[0], !strings.ContainsAny(lines[0], "\", \t;")
	}
	item, err := httpsfv.UnmarshalItem(lines)
	if err != nil {
		return "", false
	}
	text, ok = item.Value.(string)
	return text, ok && text != ""
}

// skipped returns why a browser shows no bound cookie for the session, and "" if it does not say.
func skipped(header http.Header, s *state) string {
	lines := header[skippedHeader]
	size := 0
	for _, line := range lines {
		size += len(line)
	}
	if size == 0 || size > maxSkippedLen {
		return ""
	}
	list, err := httpsfv.UnmarshalList(lines)
	if err != nil {
		return ""
	}
	for _, member := range list {
		item, ok := member.(httpsfv.Item)
		if !ok {
			continue
		}
		reason, _ := item.Value.(httpsfv.Token)
		if of, _ := item.Params.Get("session_identifier"); s.named(of) &&
			slices.Contains(skipReasons, string(reason)) {
			return string(reason)
		}
	}
	return ""
}

// skipReasons are all that the draft has.
var skipReasons = []string{"unreachable", "server_error", "quota_exceeded"}
