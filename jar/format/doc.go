// Package format reads and writes the cookie files of other programs, from and into a [jar.Jar].
//
//	j := jar.New(jar.Options{})
//	losses, err := format.Netscape.Load(j, "cookies.txt")        // of curl
//	losses, err = format.Playwright.Save(j, "storageState.json") // for Playwright
//
// Every conversion reports its losses: a [Loss] names the cookie, and the property that the new format cannot hold.
//
// # Reading
//
// A file that is not entirely in its format is an error. The error names the place, and the jar stays as it was. A cookie
// that is well written, but that no browser would keep, is left out and reported as a loss. No file may have more than
// [MaxImport] bytes.
//
// # The formats
//
// [All] lists them. [ByName] finds one by its name, [ForFile] by the name of a file.
//
//   - [Native] is the jar's own format. It keeps everything.
//   - [Netscape] is the cookies.txt of curl and wget.
//   - [Playwright] is the storage state of Playwright.
//   - [CDP] is the answer of Chrome's DevTools protocol.
//   - [HAR] is the HTTP archive. [ReadArchive] reads its requests as well, with their context.
//   - [Chrome] and [Firefox] are the databases of browsers. They are read through the caller's SQLite driver, with
//     [Format.ImportDatabase], and never written.
//
// # Keeping a jar across runs
//
// Save replaces a file as a whole, so whatever happens there is the old file or the new one. Session cookies are saved
// too; call [jar.Jar.EndSession] first if they are to end with the program.
//
//	if _, err := format.Native.Load(j, name); err != nil && !errors.Is(err, fs.ErrNotExist) { … }
//	if _, err := format.Native.Save(j, name); err != nil { … }
//
// # Adding a format
//
// A format is one file of this package and one line in [All].
package format
