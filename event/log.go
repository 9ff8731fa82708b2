package event

import (
	"context"
	"log/slog"

	"coatcheck.dev/internal/visible"
)

// LogEvents returns an observer that writes events to a logger: failures, attacks, and sessions that were ended for
// everybody or by somebody else than their user as warnings, touches for debugging, the rest as information. The kind
// is the message.
//
// Any stranger can cause some kinds, as often as they like. Of these the first is written at once. A minute later one
// line tells how many more of the same kind and reason there were, and so on while they keep coming; each of them is
// written for debugging.
func LogEvents(log *slog.Logger) Observer {
	floods := floods{log: log}
	return func(e Event) {
		level := e.level()
		if e.Kind.anybody() && floods.hold(e) {
			level = slog.LevelDebug
		}
		log.LogAttrs(context.Background(), level, string(e.Kind), e.attrs()...)
	}
}

// level is that of the kind, but louder for what somebody does to the sessions of others.
func (e *Event) level() slog.Level {
	if e.Kind == Revoked && (e.Handle.IsZero() && e.User == "" || e.Actor != "" && e.Actor != e.User) {
		return slog.LevelWarn
	}
	return e.Kind.level()
}

func (k Kind) level() slog.Level {
	switch k {
	case Touched:
		return slog.LevelDebug
	case Theft, Forged, Duplicate, Limit, Dropped, Undelivered, StoreError, KeyUnreadable, Cacheable,
		CapabilityHidden, ClockOff, Unproven, ProofRefused, PlainHTTP, Clash, CrossSite,
		UndeclaredCookie, UndeclaredKey, DifferentCookie:
		return slog.LevelWarn
	}
	return slog.LevelInfo
}

// attrs leaves out what the event does not say.
func (e *Event) attrs() []slog.Attr {
	attrs := []slog.Attr{slog.Time("at", e.At)}
	for _, a := range []struct{ key, value string }{
		{"user", e.User}, {"address", e.Address}, {"actor", e.Actor}, {"reason", e.Reason}, {"key", e.Key},
	} {
		if a.value != "" {
			attrs = append(attrs, text(a.key, a.value))
		}
	}
	if !e.Handle.IsZero() {
		attrs = append(attrs, slog.String("session", e.Handle.String()))
	}
	if !e.Was.IsZero() {
		attrs = append(attrs, slog.String("was", e.Was.String()))
	}
	if !e.Before.IsZero() {
		attrs = append(attrs, slog.Time("before", e.Before))
	}
	if e.Count != 0 {
		attrs = append(attrs, slog.Int("count", e.Count))
	}
	if e.Err != nil {
		attrs = append(attrs, slog.Any("error", e.Err))
	}
	if r := e.Request; r != nil {
		attrs = append(attrs, text("method", r.Method), text("host", r.Host), text("path", r.Path),
			text("origin", r.Origin), text("site", r.Site), slog.Bool("refused", r.Refused))
	}
	if c := e.Consent; c != nil {
		attrs = append(attrs, slog.String("version", c.Version), slog.Any("agreed", c.Agreed),
			slog.Any("refused", c.Refused), slog.Any("withdrawn", c.Withdrawn), slog.Bool("gpc", c.GPC))
	}
	return attrs
}

// text shows what is unseen in a text, because most come from strangers.
func text(key, value string) slog.Attr { return slog.String(key, visible.Text(value)) }
