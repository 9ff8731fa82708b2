package atomicfile

import "os"

// Same reports whether a file that is replaced as a whole is still the one that it was. Nil is a file that is missing.
func Same(a, b os.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size()
}
