package certificate

import (
	"context"
	"log/slog"

	"go.uber.org/zap/zapcore"
)

// A bridge is the log of certmagic, which is zap's, in that of the program.
type bridge struct{ to slog.Handler }

func level(l zapcore.Level) slog.Level {
	switch {
	case l >= zapcore.ErrorLevel:
		return slog.LevelError
	case l == zapcore.WarnLevel:
		return slog.LevelWarn
	case l == zapcore.InfoLevel:
		return slog.LevelInfo
	}
	return slog.LevelDebug
}

// Enabled, With, Check, Write and Sync are those of zapcore.Core.
func (b bridge) Enabled(l zapcore.Level) bool { return b.to.Enabled(context.Background(), level(l)) }

func (b bridge) With(fields []zapcore.Field) zapcore.Core {
	return bridge{b.to.WithAttrs(attrs(fields))}
}

func (b bridge) Check(e zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if b.Enabled(e.Level) {
		return checked.AddCore(e, b)
	}
	return checked
}

func (b bridge) Write(e zapcore.Entry, fields []zapcore.Field) error {
	record := slog.NewRecord(e.Time, level(e.Level), "certificates: "+e.Message, 0)
	record.AddAttrs(attrs(fields)...)
	return b.to.Handle(context.Background(), record)
}

func (bridge) Sync() error { return nil }

func attrs(fields []zapcore.Field) (all []slog.Attr) {
	m := zapcore.NewMapObjectEncoder()
	for _, f := range fields {
		f.AddTo(m)
	}
	for name, value := range m.Fields {
		all = append(all, slog.Any(name, value))
	}
	return all
}
