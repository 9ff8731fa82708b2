// Package cookie is the wire format of cookies: it reads the Cookie header of a request, and writes and reads the
// Set-Cookie header of a response. It follows RFC 6265bis (draft-ietf-httpbis-rfc6265bis-22) with what browsers have added:
// Partitioned, and the name prefixes __Http- and __Host-Http-.
//
// # Reading
//
// [Lookup] finds one cookie in the lines of a Cookie header and [All] ranges over all of them:
//
//	ticket, n := cookie.Lookup(r.Header["Cookie"], "__Host-ticket")
//	for name, value := range cookie.All(r.Header["Cookie"]) { ... }
//
// Both take the bytes as they are. Nothing is decoded, unquoted or dropped, so that what was written comes back, and
// duplicates are visible: a cookie of the same name can be planted by any host of the same site. Both allocate nothing.
//
// # Writing
//
// A [Cookie] is what a server wants a browser to keep. [Set] puts it into a response:
//
//	err := cookie.Set(w.Header(), &cookie.Cookie{
//		Name: "__Host-ticket", Value: ticket, Path: "/",
//		MaxAge: 30 * 24 * time.Hour,
//		Secure: true, HttpOnly: true, SameSite: cookie.SameSiteLax,
//	})
//
// What a browser would drop or change is an [Error], and nothing is written; [Cookie.Check] lists the rules. There is no
// silent repair: a cookie that is not kept, or not as it was written, is a fault that shows up far from its cause.
//
// A cookie is deleted by one with the same name, Domain, Path and Partitioned, made by [Cookie.Deletion].
//
// # Reading Set-Cookie
//
// [Parse] reads a Set-Cookie line as browsers do, which take much more than servers should write. It never fails: what
// would make a browser drop the cookie, or warn, is in [Parsed.Reasons], under the names that Chromium uses;
// [Parsed.Attributes] tells which attribute won and why another did not. Whether a cookie is stored depends on the
// request, too: package jar decides that.
//
// Where RFC 6265bis and web-platform-tests disagree, the tests are followed: a Path that does not begin with '/' undoes
// an earlier one, and a Domain of nothing but a dot is one that no host may set.
package cookie
