package sqlstore

import "syscall"

// fileSystem tells whether a file is on another machine, if that can be known.
func fileSystem(path string) (name string, shared, known bool) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(path, &s); err != nil {
		return "", false, false
	}
	kind := int64(s.Type) & 0xffffffff
	name, shared = networkFileSystems[kind]
	return name, shared, kind != fuse
}
