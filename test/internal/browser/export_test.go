package browser

import "time"

// UsersOf shows the tests which processes use a profile.
var UsersOf = usersOf

// SetTimeout lets tests of failures start in peace and fail soon.
func (b *Browser) SetTimeout(d time.Duration) { b.options.Timeout = d }
