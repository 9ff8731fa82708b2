package format

import (
	"fmt"
	"io"
	"os"

	"coatcheck.dev/internal/atomicfile"
	"coatcheck.dev/jar"
)

// Load adds the cookies of a file to a jar, as [Format.Import] does. A missing file is [fs.ErrNotExist].
func (f Format) Load(j *jar.Jar, name string) (Report, error) {
	file, err := os.Open(name)
	if err != nil {
		return Report{}, fmt.Errorf("load cookies: %w", err)
	}
	defer file.Close()
	report, err := f.Import(j, file)
	if err != nil {
		return report, fmt.Errorf("load cookies from %s: %w", name, err)
	}
	return report, nil
}

// Save writes the jar to a file, as [Format.Export] does. It replaces the file as a whole: there is always either the
// old one or the new one. Only the owner may read it. Save replaces nothing but regular files, so /dev/null is safe.
func (f Format) Save(j *jar.Jar, name string) (Report, error) {
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		return Report{}, fmt.Errorf("save cookies to %s: it is no regular file", name)
	}
	var report Report
	err := atomicfile.ReplaceBy(name, func(w io.Writer) (err error) {
		report, err = f.Export(j, w)
		return err
	})
	if err != nil {
		return report, fmt.Errorf("save cookies to %s: %w", name, err)
	}
	return report, nil
}
