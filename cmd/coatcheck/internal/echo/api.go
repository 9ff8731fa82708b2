package echo

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"time"
)

// An API is the session API of a program that stands beside a proxy, where nobody reads what an app orders in the
// headers of its answers. The echo calls it as any app would.
type API struct {
	URL string // such as http://localhost:8081
	Key string // of an app, with the scopes create and end
}

const (
	apiTimeout = 10 * time.Second
	maxAnswer  = 1 << 20
)

// asking is what the API wants to know of a request.
type asking struct {
	Site     string `json:"site"`
	Cookie   string `json:"cookie"`
	User     string `json:"user,omitempty"`
	Remember bool   `json:"remember,omitempty"`
	Level    int    `json:"level,omitempty"`
	Which    string `json:"which,omitempty"`
}

// post calls the API, and returns the lines of Set-Cookie that the browser is to get. A status other than 2xx is a
// *refusal with that of the answer to the browser.
func (a *API) post(ctx context.Context, path string, v *asking) (lines []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	body, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, a.URL+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+a.Key)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, refuse(http.StatusBadGateway, "the session API cannot be reached: %v", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusServiceUnavailable {
		return nil, refuse(http.StatusServiceUnavailable, "the session API does not know")
	}
	if answer.StatusCode/100 != 2 {
		return nil, refuse(http.StatusBadGateway, "the session API answers %s", answer.Status)
	}
	var told struct {
		SetCookie []string `json:"set_cookie"`
	}
	err = json.NewDecoder(io.LimitReader(answer.Body, maxAnswer)).Decode(&told)
	return told.SetCookie, err
}

// call has the API do what the visitor wants, and passes on what it gives their browser.
func (x *conversation) call(path string, v *asking, o *output) error {
	v.Site, v.Cookie = x.report.Host, first(x.report.Header, "Cookie")
	lines, err := x.server.opts.API.post(x.ctx, path, v)
	if err != nil {
		return err
	}
	for _, line := range lines {
		o.add("Set-Cookie", line)
	}
	return x.write(o)
}
