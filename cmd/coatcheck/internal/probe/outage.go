package probe

import "context"

// outage would need the store to be down.
func (a *attack) outage(context.Context) (Finding, error) {
	return unknown("what becomes of users while the store is down", "the store is up",
		"stop the store and run the doctor again, with --store-down and a user's cookie in COATCHECK_COOKIE")
}
