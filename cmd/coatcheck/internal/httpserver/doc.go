// Package httpserver runs HTTP servers whose bounds are set, and ends them without breaking anything off that has an end.
//
// A request has 10 seconds to send its headers and 32 KiB to fit them into; a connection that is not used is closed
// after 2 minutes. Bodies may take any time: what bounds them knows what they are for.
package httpserver
