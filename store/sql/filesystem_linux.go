package sqlstore

import "syscall"

// fileSystem tells whether a file is on another machine.
func fileSystem(path string) (name string, shared bool, err error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(path, &s); err != nil {
		return "", false, err
	}
	name, shared = networkFileSystems[int64(s.Type)&0xffffffff]
	return name, shared, nil
}
