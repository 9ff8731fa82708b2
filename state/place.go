package state

import (
	"fmt"
	"slices"
)

// A Place is where something lives. The places of one [Kind] share its names.
type Place string

// The places.
const (
	InCookie       Place = "cookie"        // in the browser; the visitor can read and change it
	InSignedCookie Place = "signed cookie" // in the browser; the visitor can read it, and not change it
	InSealedCookie Place = "sealed cookie" // in the browser; the visitor can neither read nor change it
	InTicketCookie Place = "ticket cookie" // in the browser, but meaningless there: it finds the session
	InSession      Place = "session"       // on the server

	// Scripts keep these in the browser, where the visitor and every script of the site can read and change them.
	InLocalStorage   Place = "localStorage"   // named by its key
	InSessionStorage Place = "sessionStorage" // named by its key; until the tab closes
	InIndexedDB      Place = "IndexedDB"      // named by its database
	InCacheStorage   Place = "Cache Storage"  // named by its cache
	InServiceWorker  Place = "service worker" // named by the path of its script

	InThirdPartyCookie Place = "third-party cookie" // in the browser, kept by the site that Host names
)

// A Kind is what a browser or a server has names for. One name of one kind is one thing.
type Kind string

// The kinds, as developer tools call them.
const (
	KindCookie           Kind = "cookie"
	KindSession          Kind = "session"
	KindLocalStorage     Kind = "localStorage"
	KindSessionStorage   Kind = "sessionStorage"
	KindIndexedDB        Kind = "IndexedDB"
	KindCacheStorage     Kind = "Cache Storage"
	KindServiceWorker    Kind = "service worker"
	KindThirdPartyCookie Kind = "third-party cookie"
)

// kinds are in the order in which people read them.
var kinds = []Kind{KindCookie, KindThirdPartyCookie, KindLocalStorage, KindSessionStorage, KindIndexedDB,
	KindCacheStorage, KindServiceWorker, KindSession}

// Kind returns the kind of a place: the four places of this site's cookies are one kind.
func (p Place) Kind() Kind {
	switch p {
	case InCookie, InSignedCookie, InSealedCookie, InTicketCookie:
		return KindCookie
	}
	return Kind(p)
}

// ControlledBy returns who decides on the value: "visitor", "server", or "third party".
func (p Place) ControlledBy() string {
	switch p {
	case InSignedCookie, InSealedCookie, InTicketCookie, InSession:
		return "server"
	case InThirdPartyCookie:
		return "third party"
	}
	return "visitor"
}

func (p Place) check() error {
	if !slices.Contains(kinds, p.Kind()) {
		return fmt.Errorf("there is no place %.64q: use one of the constants", p)
	}
	return nil
}
