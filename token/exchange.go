package token

import (
	"cmp"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4/json"

	"coatcheck.dev/session"
)

// A Client is a service that may exchange tickets for tokens.
type Client struct {
	Name     string // without ":"
	Secret   string // of at least 32 bytes, as from rand.Text twice
	Audience string // of its tokens, and no other
}

// String is the name and the audience, without the secret.
func (c Client) String() string { return fmt.Sprintf("client(%s for %s)", c.Name, c.Audience) }

// Format prints [Client.String], for every verb.
func (c Client) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// LogValue has [Client.String] logged.
func (c Client) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalText has [Client.String] written, by encoding/json as well: there is no way back.
func (c Client) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// The parameters of RFC 8693, and the type of a ticket.
const (
	grantType  = "urn:ietf:params:oauth:grant-type:token-exchange"
	tokenType  = "urn:ietf:params:oauth:token-type:jwt"
	ticketType = "urn:coatcheck:ticket"

	maxForm = 4 << 10
)

// Exchange answers services that have a visitor's ticket and want a token, by the form of RFC 8693:
//
//	POST /token
//	Authorization: Basic CLIENT:SECRET
//	Content-Type: application/x-www-form-urlencoded
//
//	grant_type=urn:ietf:params:oauth:grant-type:token-exchange
//	&subject_token_type=urn:coatcheck:ticket&subject_token=TICKET
//
// The ticket is the value of the session cookie, or of the header Session-Ticket for clients without cookies. The
// answer has the token in access_token and its life in expires_in, or one of the errors of RFC 6749, section 5.2: an
// invalid_request is also the answer to a ticket that is good for nothing. 503 means that nobody can tell now. The
// ticket alone is good for nothing where the session is bound to its device (package bound): there, make tokens of the
// requests that visitors send.
//
// To exchange a ticket is a use of the session like any other. If a rotation is due the browser hears of it by its own
// next request. Requests that a browser sends are refused. It panics if a client is incomplete or named twice.
func (i *Issuer) Exchange(clients ...Client) http.Handler {
	known := map[string]Client{}
	for _, c := range clients {
		_, twice := known[c.Name]
		if c.Name == "" || len(c.Secret) < 32 || c.Audience == "" || twice {
			panic(errors.New("token: a client needs a name of its own, a secret of at least 32 bytes and an audience"))
		}
		known[c.Name] = c
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Cache-Control", "no-store")
		if r.Method != http.MethodPost {
			header.Set("Allow", "POST")
			http.Error(w, "Only POST is allowed.", http.StatusMethodNotAllowed)
			return
		}
		if r.Header.Get("Sec-Fetch-Site") != "" || r.Header.Get("Origin") != "" {
			refuse(w, http.StatusForbidden, "invalid_request")
			return
		}
		client, ok := authenticate(known, r)
		if !ok {
			header.Set("WWW-Authenticate", `Basic realm="token exchange"`)
			refuse(w, http.StatusUnauthorized, "invalid_client")
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		switch err := r.ParseForm(); {
		case err != nil, len(r.PostForm["subject_token"]) != 1,
			strings.Contains(r.PostForm.Get("subject_token"), ";"), // which would begin another cookie
			r.PostForm.Get("subject_token_type") != ticketType:
			refuse(w, http.StatusBadRequest, "invalid_request")
		case r.PostForm.Get("grant_type") != grantType:
			refuse(w, http.StatusBadRequest, "unsupported_grant_type")
		default:
			i.exchange(w, r, client)
		}
	})
}

// authenticate returns the client of a request. It takes as long for an unknown name as for a wrong secret.
func authenticate(known map[string]Client, r *http.Request) (Client, bool) {
	name, secret, ok := r.BasicAuth()
	c, there := known[name]
	got, want := sha256.Sum256([]byte(secret)), sha256.Sum256([]byte(c.Secret))
	same := subtle.ConstantTimeCompare(got[:], want[:]) == 1
	return c, ok && there && same
}

func (i *Issuer) exchange(w http.ResponseWriter, r *http.Request, client Client) {
	inner, err := http.NewRequestWithContext(r.Context(), http.MethodGet, "/", nil)
	if err != nil {
		refuse(w, http.StatusInternalServerError, "server_error")
		return
	}
	inner.RemoteAddr = r.RemoteAddr
	o := i.sessions.Options()
	if ticket := r.PostForm.Get("subject_token"); o.Header != nil && o.Header(inner) {
		inner.Header.Set("Authorization", "Bearer "+ticket)
	} else {
		inner.Header.Set("Cookie", o.Cookie+"="+ticket)
	}
	var text string
	var until time.Time
	told := false // whether there is a session
	answer := unseen{http.Header{}}
	i.sessions.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		s := session.From(r.Context())
		if told = !s.Unknown(); told {
			text, until, err = i.IssueUntil(s, client.Audience)
		}
	})).ServeHTTP(answer, inner) // what it answers is for nobody
	switch {
	case !told: // the store cannot tell, also where Options.OnFailure lets visitors go on
		w.Header().Set("Retry-After", cmp.Or(answer.header.Get("Retry-After"), "5"))
		refuse(w, http.StatusServiceUnavailable, "temporarily_unavailable")
	case errors.Is(err, ErrNobody):
		refuse(w, http.StatusBadRequest, "invalid_request")
	case err != nil:
		refuse(w, http.StatusServiceUnavailable, "temporarily_unavailable")
	default:
		writeJSON(w, http.StatusOK, map[string]any{
			"access_token": text, "issued_token_type": tokenType, "token_type": "Bearer",
			"expires_in": until.Unix() - time.Now().Unix(), // the session may end first
		})
	}
}

// unseen is a response that goes nowhere.
type unseen struct{ header http.Header }

func (u unseen) Header() http.Header         { return u.header }
func (u unseen) Write(b []byte) (int, error) { return len(b), nil }
func (u unseen) WriteHeader(int)             {}

func refuse(w http.ResponseWriter, status int, code string) {
	writeJSON(w, status, map[string]any{"error": code})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
