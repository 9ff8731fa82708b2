// Package cookie is the wire format of cookies: it reads the Cookie header of a request, and writes and reads the
// Set-Cookie header of a response. It follows RFC 6265bis (draft-ietf-httpbis-rfc6265bis-22), and adds two things from
// browsers: Partitioned, and the name prefixes __Http- and __Host-Http-.
//
// # Reading
//
// [Lookup] finds one cookie in the lines of a Cookie header and [All] ranges over all of them:
//
//	ticket, n := cookie.Lookup(r.Header["Cookie"], "__Host-ticket")
//	for name, value := range cookie.All(r.Header["Cookie"]) { ... }
//
// Both take the bytes as they are: nothing is decoded, unquoted or dropped, so a value comes back as it was written.
// Duplicates stay visible, because any host of the same site can plant a cookie of the same name. Neither allocates.
//
// # Writing
//
// A [Cookie] is for the browser to keep. [Set] puts it into a response:
//
//	err := cookie.Set(w.Header(), &cookie.Cookie{
//		Name: "__Host-ticket", Value: ticket, Path: "/",
//		MaxAge: 30 * 24 * time.Hour,
//		Secure: true, HttpOnly: true, SameSite: cookie.SameSiteLax,
//	})
//
// If a browser would drop or change the cookie, the result is an [Error], and nothing is written; [Cookie.Check]
// lists the rules. There is no silent repair, because a lost or altered cookie is a fault far from its cause.
//
// A cookie is deleted by another one with the same name, Domain, Path and Partitioned. [Cookie.Deletion] makes it.
//
// # Reading Set-Cookie
//
// [Parse] reads a Set-Cookie line as browsers do. They accept much more than servers should write, so Parse never
// fails. [Parsed.Reasons] has the reasons for a browser to drop the cookie, or to warn, under Chromium's names.
// [Parsed.Attributes] tells the fate of each attribute. Storing a cookie depends on the request too; package jar
// decides.
//
// Where RFC 6265bis and web-platform-tests disagree, Parse follows the tests: a Path without a leading '/' undoes an
// earlier one, and no host may set a Domain of nothing but a dot.
package cookie
