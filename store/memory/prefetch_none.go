//go:build !amd64 && !arm64

package memory

// prefetch does nothing: there is only a hint to lose.
func prefetch(uintptr) {}
