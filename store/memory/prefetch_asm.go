//go:build amd64 || arm64

package memory

// prefetch has the processor bring a line of memory into its cache, and does not wait for it.
//
//go:noescape
func prefetch(line uintptr)
