package operator

import "slices"

// A Role is what an operator is there for.
type Role string

// The roles.
const (
	Viewer   Role = "viewer"   // looks
	Support  Role = "support"  // looks, and ends one session
	Security Role = "security" // does everything
	Metrics  Role = "metrics"  // scrapes the metrics, and nothing else
)

// Roles are all that there are.
var Roles = []Role{Viewer, Support, Security, Metrics}

// An Action is something that takes a role.
type Action string

// The actions.
const (
	Anybody Action = "anybody"  // what needs no operator: health, the sign-in page
	Look    Action = "look"     // see sessions, search, follow, explain a cookie
	Values  Action = "values"   // see what is kept in a session, as far as the keys' declarations allow
	EndOne  Action = "end-one"  // end one session
	EndMany Action = "end-many" // end all of a user, those of a search, everybody's; not-before; erase what is kept
	Begin   Action = "begin"    // begin sessions and change them, in the app's place
	Push    Action = "push"     // send again what other systems hear, drop what is dead
	Scrape  Action = "scrape"   // read the metrics
	Self    Action = "self"     // sign out, have a passkey
	Service Action = "service"  // what services alone do, by an app key: no operator is one
)

// may says who may do what.
var may = map[Action][]Role{
	Anybody: {Viewer, Support, Security, Metrics},
	Look:    {Viewer, Support, Security},
	Values:  {Security},
	EndOne:  {Support, Security},
	EndMany: {Security},
	Begin:   {Security},
	Push:    {Security},
	Scrape:  {Security, Metrics},
	Self:    {Viewer, Support, Security},
}

// May reports whether operators of the role may do something. Nobody may do what is in no table.
func (r Role) May(a Action) bool { return slices.Contains(may[a], r) }

// Covers reports whether operators of the role may do all that those of another may.
func (r Role) Covers(other Role) bool {
	for a := range may {
		if other.May(a) && !r.May(a) {
			return false
		}
	}
	return slices.Contains(Roles, r)
}
