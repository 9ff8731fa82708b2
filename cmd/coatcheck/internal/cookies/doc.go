// Package cookies converts files of cookies, from the format of one program to that of another, and tells what is lost
// on the way.
//
// The formats are those of package jar. The databases of Chromium and Firefox are read, too; they are never written.
package cookies
