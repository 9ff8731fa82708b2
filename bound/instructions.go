package bound

import (
	"encoding/json"
	"net"
	"net/http"
)

// instructions are what a browser does for a session (DBSC, section "JSON Session Instruction Format").
type instructions struct {
	ID          string                  `json:"session_identifier"`
	Continue    *bool                   `json:"continue,omitempty"`
	Refresh     string                  `json:"refresh_url,omitempty"`
	Scope       *scope                  `json:"scope,omitempty"`
	Credentials []instructionCredential `json:"credentials,omitempty"`
	Initiators  []string                `json:"allowed_refresh_initiators,omitempty"`
}

type scope struct {
	Origin      string      `json:"origin,omitempty"`
	IncludeSite bool        `json:"include_site"`
	Rules       []scopeRule `json:"scope_specification,omitempty"`
}

type scopeRule struct {
	Type string `json:"type"`
	Path string `json:"path"`
}

type instructionCredential struct {
	Type       string `json:"type"`
	Name       string `json:"name"`
	Attributes string `json:"attributes"`
}

// instruct returns the instructions for a session that a browser has with a host.
func (g *Guard) instruct(id, host string) *instructions {
	in := &instructions{
		ID: id, Refresh: g.opts.Prefix + refreshName, Scope: &scope{}, Initiators: g.opts.Initiators,
		Credentials: []instructionCredential{{"cookie", g.cookie.cookie.Name, g.cookie.attributes()}},
	}
	if g.opts.Site != "" {
		in.Scope.IncludeSite, in.Scope.Origin = true, "https://"+g.opts.Site
		if _, port, err := net.SplitHostPort(host); err == nil {
			in.Scope.Origin += ":" + port
		}
	}
	for _, path := range append([]string{g.opts.Prefix}, g.opts.Open...) {
		in.Scope.Rules = append(in.Scope.Rules, scopeRule{"exclude", path})
	}
	return in
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(v)
}

// listOrigins tells a browser which hosts may begin sessions for all of the site.
func (g *Guard) listOrigins(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "Browsers send GET.", http.StatusMethodNotAllowed)
		return
	}
	origins := g.opts.Origins
	if origins == nil {
		origins = []string{}
	}
	writeJSON(w, map[string][]string{"registering_origins": origins})
}
