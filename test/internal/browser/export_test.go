package browser

import "time"

// UsersOf shows the tests which processes use a profile.
var UsersOf = usersOf

// SetPatience lets tests of failures start in peace and fail soon.
func (b *Browser) SetPatience(d time.Duration) { b.options.Patience = d }
