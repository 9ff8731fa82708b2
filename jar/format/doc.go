// Package format reads and writes the cookie files of other programs, from and into a [jar.Jar].
//
//	j := jar.New(jar.Options{})
//	losses, err := format.Netscape.Load(j, "cookies.txt")        // of curl
//	losses, err = format.Playwright.Save(j, "storageState.json") // for Playwright
//
// Every conversion reports its losses: each [Loss] names the cookie, and the property without a place in the new
// format.
//
// # Reading
//
// A file with an error in its format is refused as a whole. The error names the place, and the jar stays as it was. A
// cookie may be well written and yet be one for no browser: it is left out and reported as a loss. Files may have up
// to [MaxImport] bytes.
//
// # The formats
//
// [All] lists them. [ByName] finds one by its name, [ForFile] by the name of a file.
//
//   - [Native] is the jar's own format. It loses nothing.
//   - [Netscape] is the cookies.txt of curl and wget.
//   - [Playwright] is the storage state of Playwright.
//   - [CDP] is the answer of Chrome's DevTools protocol.
//   - [HAR] is the HTTP archive. [ReadArchive] reads its requests as well, with their context.
//   - [Chrome] and [Firefox] are the databases of browsers. [Format.ImportDatabase] reads them through the caller's
//     SQLite driver. They are never written.
//
// # Keeping a jar across runs
//
// Save replaces a file as a whole: there is always either the old file or the new one. Session cookies are saved too;
// call [jar.Jar.EndSession] first if they are to end with the program.
//
//	if _, err := format.Native.Load(j, name); err != nil && !errors.Is(err, fs.ErrNotExist) { … }
//	if _, err := format.Native.Save(j, name); err != nil { … }
//
// # Adding a format
//
// A format is one file of this package and one line in [All].
package format
