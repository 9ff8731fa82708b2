// Package migrate lets the users of a site that kept its sessions with scs or gorilla/sessions stay signed in when it
// changes to Coatcheck. Nothing of those libraries is imported.
//
//	from, err := migrate.SCS(migrate.SCSOptions{
//		Records: migrate.SQLite(db, "sessions"),
//		User:    func(old map[string]any) string { user, _ := old["userID"].(string); return user },
//		Values: func(s *session.Session, old map[string]any) error {
//			items, _ := old["cart"].([]Item)
//			return Cart.Set(s, items)
//		},
//	})
//	...
//	sessions := session.New(store, session.Options{Migrate: from})
//
// # What happens
//
// At the first request that shows the old cookie, and no ticket, the old session is read and continued as one of
// ours: its user, the values that the application chooses, and its absolute end if that is before ours. The response
// sets the ticket and deletes the old cookie; the old record is removed. Many first requests at once, and responses
// that get lost, end up in one session. See [session.Migration] for the rest: when the old store is down nobody is
// signed out, and what has ended here never moves in again.
//
// Cookies that are forged, expired, malformed or unknown count as absent, as do several of the same name. A session
// that cannot be decoded counts as absent too, is reported as event.StoreError, and is left alone, so that
// its user is in again as soon as the program can read it. A value that Values cannot set is left out and reported as
// event.KeyUnreadable.
//
// # What the application sees to
//
//   - Both libraries encode values by encoding/gob, which decodes only types that it knows. Register those that the old
//     sessions hold with gob.Register, as before, under the same package path and name.
//   - Change all nodes at about the same time. An old node does not know the new tickets, and a session moves in only
//     once: who goes back to the old library signs out those who have moved.
//   - Sessions that have not moved in yet are not in [session.Manager.List], and [session.Manager.RevokeUser] does not
//     reach them; the switches [session.Manager.RevokeBefore] and [session.Manager.RevokeUserBefore] do.
//   - Each session that moves in leaves a mark among the visitors' sessions of the store, until the old cookie has
//     expired.
//   - Take the option out when the last old cookie has expired.
package migrate
