package format

import (
	"bytes"
	"fmt"
	"os"

	"coatcheck.dev/internal/atomicfile"
	"coatcheck.dev/jar"
)

// Load adds the cookies of a file to a jar, as [Format.Import] does. A missing file is [fs.ErrNotExist].
func (f Format) Load(j *jar.Jar, name string) ([]Loss, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("load cookies: %w", err)
	}
	defer file.Close()
	losses, err := f.Import(j, file)
	if err != nil {
		return nil, fmt.Errorf("load cookies from %s: %w", name, err)
	}
	return losses, nil
}

// Save writes the jar to a file, as [Format.Export] does. It replaces the file as a whole: there is always either the
// old one or the new one. Only the owner may read it. Save replaces nothing but regular files, so /dev/null is safe.
func (f Format) Save(j *jar.Jar, name string) ([]Loss, error) {
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("save cookies to %s: it is no regular file", name)
	}
	var file bytes.Buffer
	losses, err := f.Export(j, &file)
	if err == nil {
		err = atomicfile.Replace(name, file.Bytes())
	}
	if err != nil {
		return nil, fmt.Errorf("save cookies to %s: %w", name, err)
	}
	return losses, nil
}
