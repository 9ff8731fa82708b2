// Package jar is a store of cookies that treats them as browsers do: RFC 6265bis with what web-platform-tests decide, or with the
// documented differences of Chrome, Firefox or Safari ([Profile]).
//
// # Which door
//
// A jar is an [http.CookieJar], for drop-in use:
//
//	client := &http.Client{Jar: jar.New(jar.Options{})}
//
// That interface shows the jar neither the lines that a server sent nor who asked. [Transport] loses neither, and it follows
// redirects with what it knows:
//
//	client := &http.Client{Transport: &jar.Transport{Jar: j}}
//	ctx := jar.WithRequest(ctx, jar.Request{Kind: jar.Navigation, Initiator: page})
//
// Under both lie [Jar.Set] and [Jar.Header], for programs that speak HTTP by other means or play the part of a script
// ([Request].Script is document.cookie).
//
// # Why a cookie is refused or not sent
//
// [Profile.Decide] and [Profile.Include] are the judgement itself, without a jar: they return the outcome and the reasons, under
// the names that Chromium uses (see [cookie.Reason]). Jar.Set returns the same reasons, with those that depend on what the jar
// has already.
//
// # Limits
//
// A jar cannot be made to grow by servers: [Limits] bound the cookies of a site with all its subdomains, of a partition, and the
// bytes of the whole. Lines that are too long are refused unread. The time of a look-up does not depend on how many other sites
// have cookies; the time to store one does not either, but for purges, each of which makes room for many.
//
// # Time
//
// Options.Now is the clock. Cookies that have expired are never seen; their memory is freed when their site is purged, or by
// [Jar.Sweep]. Session cookies stay until [Jar.EndSession].
//
// # Keeping cookies
//
// Package jar/format saves a jar to a file and loads it again. It reads and writes the files of other programs as well, and
// the databases of browsers.
package jar
