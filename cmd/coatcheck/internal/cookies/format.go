package cookies

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"coatcheck.dev/jar"
)

// The formats of browsers' databases, by name.
const (
	chrome  = "chrome"
	firefox = "firefox"
)

// Readable returns the names of the formats that can be read.
func Readable() []string { return append(Writable(), chrome, firefox) }

// Writable returns the names of the formats that can be written.
func Writable() (names []string) {
	for _, f := range jar.Formats() {
		names = append(names, f.String())
	}
	return names
}

// A reader puts the cookies of a conversion's source into a jar.
type reader func(context.Context, *jar.Jar, *Conversion) ([]jar.Loss, error)

// source finds how to read a file: as the format that is named, or else by the name of the file.
func source(format, file string) (reader, error) {
	if format == "" {
		format = formatOf(file)
	}
	switch format {
	case chrome:
		return fromDatabase((*jar.Jar).ImportChrome), nil
	case firefox:
		return fromDatabase((*jar.Jar).ImportFirefox), nil
	}
	f, ok := jar.FormatByName(format)
	if !ok {
		return nil, fmt.Errorf("the format of %s does not show in its name: say --from-format", file)
	}
	return func(_ context.Context, j *jar.Jar, c *Conversion) ([]jar.Loss, error) {
		if c.From == "-" {
			return j.Import(f, c.Stdin)
		}
		in, err := os.Open(c.From)
		if err != nil {
			return nil, err
		}
		defer in.Close()
		return j.Import(f, in)
	}, nil
}

// target finds how to write a file.
func target(format, file string) (jar.Format, error) {
	if format == "" {
		format = formatOf(file)
	}
	if format == chrome || format == firefox {
		return jar.Format{}, fmt.Errorf("%s would be a browser's database: these are only read", file)
	}
	f, ok := jar.FormatByName(format)
	if !ok {
		return jar.Format{}, fmt.Errorf("the format of %s does not show in its name: say --to-format", file)
	}
	return f, nil
}

// formatOf guesses by the names that programs give to such files. Playwright's documentation calls its file state.json or
// storageState.json; other JSON is our own. "" is unknown.
func formatOf(file string) string {
	name := strings.ToLower(filepath.Base(file))
	switch {
	case name == "cookies":
		return chrome
	case name == "state.json" || name == "storagestate.json" || strings.HasSuffix(name, ".playwright.json"):
		return jar.Playwright.String()
	case strings.HasSuffix(name, ".cdp.json"):
		return jar.CDP.String()
	}
	return map[string]string{
		".json": jar.Native.String(), ".txt": jar.Netscape.String(), ".har": jar.HAR.String(), ".sqlite": firefox,
	}[filepath.Ext(name)]
}
