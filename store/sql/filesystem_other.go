//go:build !linux

package sqlstore

// fileSystem cannot tell here.
func fileSystem(string) (name string, shared, known bool) { return "", false, false }
