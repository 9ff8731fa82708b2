//go:build !linux

package sqlstore

// fileSystem cannot tell here.
func fileSystem(string) (name string, shared bool, err error) { return "", false, nil }
