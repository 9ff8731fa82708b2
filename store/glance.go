package store

import "context"

type glanceKey struct{}

// Glance returns a context for looks at records that nobody is about to use, such as those of a console that follows
// what all nodes change. A cache answers them from what it has, and keeps no more because of them.
func Glance(ctx context.Context) context.Context { return context.WithValue(ctx, glanceKey{}, true) }

// IsGlance reports whether a context is from [Glance], for caches.
func IsGlance(ctx context.Context) bool { return ctx.Value(glanceKey{}) != nil }
