package format

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"coatcheck.dev/jar"
)

// Load adds the cookies of a file to a jar, as [Format.Import] does. A file that does not exist is [fs.ErrNotExist].
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

// Save writes the jar to a file, as [Format.Export] does. The file is replaced as a whole: there is the old one or the new
// one, whatever happens. Only its owner may read it. What is not a regular file, such as /dev/null, is not replaced.
func (f Format) Save(j *jar.Jar, name string) (losses []Loss, err error) {
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("save cookies to %s: it is no regular file", name)
	}
	file, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return nil, fmt.Errorf("save cookies: %w", err)
	}
	defer func() {
		if err != nil {
			file.Close()
			os.Remove(file.Name())
			err = fmt.Errorf("save cookies to %s: %w", name, err)
		}
	}()
	if losses, err = f.Export(j, file); err != nil {
		return nil, err
	}
	if err = file.Sync(); err != nil {
		return nil, err
	}
	if err = file.Close(); err != nil {
		return nil, err
	}
	if err = os.Rename(file.Name(), name); err != nil {
		return nil, err
	}
	return losses, syncFolder(filepath.Dir(name))
}

// syncFolder makes a rename durable, where folders can be synced.
func syncFolder(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, fs.ErrInvalid) {
		return err
	}
	return nil
}
