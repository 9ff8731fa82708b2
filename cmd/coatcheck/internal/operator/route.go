package operator

// routes says what each route takes: the console's pages by their patterns, and the operations of the session API by
// method and path as openapi.json has them. Who adds a page or an operation adds its line here. Until then nobody may
// use it, and the tests of packages console and api say which line is missing.
var routes = map[string]Action{
	// The console's pages.
	"GET /sign-in":          Anybody,
	"POST /sign-in":         Anybody,
	"GET /{$}":              Look,
	"GET /session/{handle}": Look,
	"GET /events":           Look,

	"POST /session/{handle}/values": Values,

	"GET /explain":          Look,
	"POST /explain":         Look,
	"POST /end":             EndOne,
	"GET /end-user":         EndMany,
	"POST /end-user":        EndMany,
	"GET /end-everybody":    EndMany,
	"POST /end-everybody":   EndMany,
	"POST /end-found":       EndMany,
	"GET /endings":          Look,
	"GET /ending/{id}":      Look,
	"POST /ending/{id}":     EndMany,
	"GET /ending/{id}/csv":  Look,
	"GET /not-before":       EndMany,
	"POST /not-before":      EndMany,
	"GET /history":          Look,
	"GET /history.csv":      Look,
	"GET /charts":           Look,
	"GET /history.json":     Look,
	"GET /erase-history":    EndMany,
	"POST /erase-history":   EndMany,
	"GET /webhooks":         Look,
	"POST /webhooks/dead":   Push,
	"POST /webhooks/replay": Push,
	"POST /webhooks/resume": Push,
	"GET /sign-in/passkey":  Anybody, // who has shown the first factor
	"POST /sign-in/passkey": Anybody,
	"GET /passkeys":         Self,
	"POST /passkeys":        Self,
	"POST /passkeys/remove": Self,
	"POST /sign-out":        Self,
	"POST /rows":            Self,

	"POST /ending/{id}/cancel": EndMany,

	// The session API.
	"GET /healthz":                      Anybody,
	"GET /readyz":                       Anybody,
	"GET /v1/openapi.json":              Anybody,
	"GET /metrics":                      Scrape,
	"GET /v1/sessions":                  Look,
	"GET /v1/sessions/{handle}":         Look,
	"POST /v1/sessions/check":           Look,
	"GET /v1/watch":                     Look,
	"POST /v1/sessions/end":             EndMany,
	"GET /v1/ends/{id}":                 Look,
	"POST /v1/ends/{id}":                EndMany,
	"DELETE /v1/ends/{id}":              EndMany,
	"GET /v1/history":                   Look,
	"GET /v1/history.csv":               Look,
	"GET /v1/history.json":              Look,
	"DELETE /v1/history":                EndMany,
	"DELETE /v1/sessions/{handle}":      EndOne,
	"GET /v1/webhooks":                  Look,
	"GET /v1/webhooks/dead":             Look,
	"DELETE /v1/sessions":               EndMany,
	"DELETE /v1/users/{user}/sessions":  EndMany,
	"POST /v1/sessions/sign-out":        EndMany, // of a user's other sessions, too
	"POST /v1/not-before":               EndMany,
	"POST /v1/sessions":                 Begin,
	"PATCH /v1/sessions/data":           Begin,
	"PATCH /v1/sessions/{handle}/data":  Begin,
	"POST /v1/sessions/step-up":         Begin,
	"POST /v1/sessions/token":           Service,
	"POST /v1/sessions/{handle}/extend": Begin,

	"POST /v1/webhooks/{receiver}/replay": Push,
	"POST /v1/webhooks/{receiver}/resume": Push,
	"POST /v1/webhooks/{receiver}/retry":  Push,
	"POST /v1/webhooks/{receiver}/drop":   Push,
}

// Needs returns what a route takes, such as "GET /explain"; "" if nobody has said so, and then nobody may.
func Needs(route string) Action { return routes[route] }
