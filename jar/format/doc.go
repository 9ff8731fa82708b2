// Package format reads and writes the cookie files of other programs, from and into a [jar.Jar] or as a stream.
//
//	j := jar.New(jar.Options{})
//	report, err := format.Netscape.Load(j, "cookies.txt")       // of curl
//	report, err = format.Playwright.Save(j, "storageState.json") // for Playwright
//
// No loss is silent: the [Report] counts the entries of a file, and has a [Loss] for each one that is missing in part
// or as a whole, with its place, the cookie, and the reason.
//
// # Reading
//
// One rule holds for every format. An entry that cannot be read is left out, and the rest is read; so is a cookie that
// no browser would keep. A file is an error only if nothing in it makes sense, and then the jar stays as it was.
// Files are read as streams, of any size; a line or an entry that is far longer than a cookie is left out. JSON may
// have comments and a comma too many.
//
// # The formats
//
// [All] lists them. [Detect] tells the format of a file by its content, [ByName] finds one by its name, and [ForFile]
// by the name of a file that is to be written. [Format.With] says what a file does not tell.
//
//   - [Native] is the jar's own format. It loses nothing.
//   - [Netscape] is the cookies.txt of curl, wget and Python.
//   - [Playwright] and [PlaywrightCookies] are Playwright's.
//   - [Puppeteer], [CDP] and [Selenium] are what drivers of browsers give and take.
//   - [Extension] is chrome.cookies, as extensions and Electron export it.
//   - [Safari] is Safari's file, [Sessionstore] that of Firefox's session cookies.
//   - [HTTPie] and [ToughCookie] are files of other clients; [ToughStore], [NetHTTP] and [LWP] are only read.
//   - [QuickManager] and [Sites] are what some extensions and programs export, [Pairs] names and values.
//   - [HAR] is the HTTP archive. [ReadArchive] reads its requests as well, with their context.
//   - [Headers] are what curl, wget and proxies dump, [CookieHeader] is what a request sends.
//   - [Chrome], [Firefox] and [WebKitGTK] are the databases of browsers. [Format.ImportDatabase] reads them through the
//     caller's SQLite driver. They are never written.
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
