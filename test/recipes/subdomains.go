package recipes

import "coatcheck.dev/session"

// One session for www.shop.example, account.shop.example and shop.example itself. The name is spelled out because every
// host of the domain is trusted from then on: whoever runs one, or takes over one that was forgotten, can read the
// tickets of all visitors and plant tickets of their own. Where hosts are not all yours alone, leave it out, and let
// each have its own sessions.
var domainOptions = session.Options{InsecureDomain: "shop.example"}
