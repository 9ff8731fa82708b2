package recipes

import "coatcheck.dev/session"

// siteOptions are those of the real site. With dev, as from a flag, sign-in also works on http://dev.lan:8080 or
// http://192.168.1.7:8080, where browsers keep no Secure cookie. Anybody on that network can take such a session over,
// so the flag never goes to where users are.
func siteOptions(dev bool) session.Options {
	return session.Options{SignInPath: "/login", InsecureCookie: dev}
}
