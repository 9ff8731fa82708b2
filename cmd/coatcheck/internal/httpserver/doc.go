// Package httpserver runs HTTP servers with bounds, and stops them without breaking off any request that would end.
//
// A client has 10 seconds to send the headers of a request and 32 KiB for them. An idle connection is closed after 2
// minutes. [Limit] bounds the connections of one client. Bodies have no bound here: handlers know what theirs are for.
package httpserver
