// Package jar is a store of cookies that treats them as browsers do. It follows RFC 6265bis as web-platform-tests
// read it, or with the differences of Chrome, Firefox, Safari or WebKitGTK ([Profile]).
//
// # Three ways to use it
//
// A jar is an [http.CookieJar], for drop-in use:
//
//	client := &http.Client{Jar: jar.New(jar.Options{})}
//
// That interface hides the server's lines and the context of a request from the jar. [Transport] sees both, and the
// redirects:
//
//	client := &http.Client{Transport: &jar.Transport{Jar: j}}
//	ctx := jar.WithRequest(ctx, jar.Request{Kind: jar.Navigation, Initiator: page})
//
// [Jar.Set] and [Jar.Header] lie under both. Use them to speak HTTP by other means, or to play a script
// ([Request].Script is document.cookie).
//
// # Why a cookie is refused or not sent
//
// [Profile.Decide] and [Profile.Include] are the judgement itself, without a jar: they return the outcome and its
// reasons under Chromium's names ([cookie.Reason]). [Jar.Set] returns the same reasons, and adds those that depend on
// the cookies in the jar.
//
// # Limits
//
// Servers cannot make a jar grow without bound. [Limits] bound the cookies of a site with all its subdomains, the
// cookies of a partition, and the bytes of all. Overlong lines are refused unread. The number of other sites does not
// slow a look-up. It does not slow a set either, apart from purges, and each purge makes room for many.
//
// # Time
//
// Options.Now is the clock. No request sees an expired cookie. Its memory is freed when its site is purged, or by
// [Jar.Sweep]. Session cookies stay until [Jar.EndSession].
//
// # Keeping cookies
//
// Package jar/format saves a jar to a file and loads it again. It reads and writes the files of other programs as
// well, and the databases of browsers.
package jar
