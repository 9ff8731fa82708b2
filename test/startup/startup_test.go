// Package startup holds that a program which lacks something finds out as it starts, and in words that say what to do.
package startup

import (
	"database/sql"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/csrf"
	"coatcheck.dev/session"
	"coatcheck.dev/session/migrate"
	"coatcheck.dev/state"
	"coatcheck.dev/state/policy"
	"coatcheck.dev/state/preference"
	"coatcheck.dev/store/memory"
	"coatcheck.dev/store/near"
	redisstore "coatcheck.dev/store/redis"
	"coatcheck.dev/store/redis/goredisstore"
	"coatcheck.dev/store/redis/rueidisstore"
	sqlstore "coatcheck.dev/store/sql"
	"coatcheck.dev/token"
)

// Without what they are made of, constructors panic with a sentence that names it, instead of at the first request.
func TestWhatIsNeededIsAskedForAtTheStart(t *testing.T) {
	sessions := session.New(memory.New(), session.Options{})
	inv := state.NewInventory()
	consent := state.NewConsent(inv, state.ConsentSpec{})
	var noFunction http.HandlerFunc
	spec := state.CookieSpec{Name: "x", Purpose: state.Essential, Lifetime: time.Hour, Description: "x"}
	for what, c := range map[string]struct {
		do   func()
		want string
	}{
		"session.New":           {func() { session.New(nil, session.Options{}) }, "memory.New()"},
		"sqlstore.New":          {func() { sqlstore.New(nil, sqlstore.SQLite) }, "sql.Open"},
		"sqlstore.New, dialect": {func() { sqlstore.New(new(sql.DB), sqlstore.Dialect{}) }, "dialect"},
		"redisstore.New":        {func() { redisstore.New(nil, redisstore.Options{}) }, "needs a Doer"},
		"goredisstore.New":      {func() { goredisstore.New(nil, redisstore.Options{}) }, "redis.NewClient"},
		"rueidisstore.New":      {func() { rueidisstore.New(nil, redisstore.Options{}) }, "NewClient"},
		"near.New":              {func() { near.New(nil, near.Options{}) }, "needs the store"},
		"migrate.SQLite":        {func() { migrate.SQLite(nil, "sessions") }, "sql.Open"},
		"migrate.PostgreSQL":    {func() { migrate.PostgreSQL(nil, "sessions") }, "sql.Open"},

		"NewConsent":         {func() { state.NewConsent(nil, state.ConsentSpec{}) }, "NewInventory"},
		"NewCookie":          {func() { state.NewCookie[string](nil, spec) }, "NewInventory"},
		"Declare":            {func() { (*state.Inventory)(nil).Declare(state.Entry{}) }, "NewInventory"},
		"SignWith":           {func() { (*state.Inventory)(nil).SignWith(nil) }, "NewInventory"},
		"NewDrift":           {func() { state.NewDrift(nil, state.DriftOptions{}) }, "NewInventory"},
		"policy.Handler":     {func() { policy.Handler(nil, policy.Options{}) }, "NewInventory"},
		"preference.New":     {func() { preference.New(nil, preference.Spec{}) }, "NewInventory"},
		"preference.NewFlag": {func() { preference.NewFlag(nil, preference.FlagSpec{Name: "x"}) }, "New first"},
		"preference.NewNumber": {func() { preference.NewNumber(nil, preference.NumberSpec{Name: "x", Max: 1}) },
			"New first"},

		"session.Handler":       {func() { sessions.Handler(nil) }, "session: Handler needs the handler"},
		"session.Handler, nil":  {func() { sessions.Handler(noFunction) }, "session: Handler needs the handler"},
		"session.Require":       {func() { sessions.Require(nil) }, "session: Require needs the handler"},
		"session.RequireRecent": {func() { sessions.RequireRecent(time.Hour, nil) }, "session: RequireRecent"},
		"session.RequireLevel":  {func() { sessions.RequireLevel(2, nil) }, "session: RequireRecent or RequireLevel"},
		"Consent.Handler":       {func() { consent.Handler(nil) }, "state: Consent.Handler needs the handler"},
		"Drift.Handler": {func() { state.NewDrift(inv, state.DriftOptions{}).Handler(nil) },
			"state: Drift.Handler needs the handler"},
		"preference.Handler": {func() { preference.New(inv, preference.Spec{}).Handler(nil) },
			"preference: Handler needs the handler"},
		"token.Require": {func() { new(token.Verifier).Require(nil) }, "token: Require needs the handler"},
		"csrf.Handler":  {func() { csrf.New(csrf.Options{}).Handler(nil) }, "csrf: Handler needs the handler"},
	} {
		if got := panicOf(c.do); !strings.Contains(got, c.want) || strings.Contains(got, "runtime error") {
			t.Errorf("%s: %q does not say %q", what, got, c.want)
		}
	}
}

// panicOf returns with what a function panics, "" if it does not.
func panicOf(do func()) (text string) {
	defer func() {
		if p := recover(); p != nil {
			text = fmt.Sprint(p)
		}
	}()
	do()
	return ""
}
