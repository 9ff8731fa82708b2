package config

// Echo has the flags of the app for trying things.
type Echo struct {
	Listen         string `default:"localhost:9090" placeholder:"ADDRESS" help:"Address of the app, host:port; port 0 picks a free one. Keep it on loopback. Default: ${default}"`
	InsecureSignIn bool   `help:"Let anybody sign in as anybody without a password, behind a gate. Never beside a real app."`
	API            string `name:"api" placeholder:"URL" help:"Sign in by the session API there, such as http://localhost:8081, as an app does that stands behind a proxy. Default: order the gate to, in headers"`
	APIKey         string `name:"api-key" placeholder:"KEY" help:"App key for it, with the scopes create and end. Other users of the machine can read command lines: pass it in the environment, as COATCHECK_API_KEY."`
	ShowSecrets    bool   `help:"Show cookies, credentials and data of sessions to whoever asks, scripts of the site's pages included. Default: a digest stands for them"`
	Verbose        bool   `short:"v" help:"Also log requests that cannot be read."`
}

// Help is the text below that of the command.
func (*Echo) Help() string {
	return `Every request is answered with what reached the app, as JSON; ` +
		`the page at / has a list of what else it does. ` +
		`"coatcheck doctor --site" sends its attacks to it: put it behind your proxy in place of the app, ` +
		`or beside it, at the path /.echo.`
}

// Attack has the flags of the doctor for a site that is attacked from outside.
type Attack struct {
	Site       string   `placeholder:"URL" help:"Attack this site from outside, as its visitors could, and say what to change. The store is not looked at then."`
	Probe      string   `default:"/.echo" placeholder:"PATH" help:"Where the site shows coatcheck echo. Default: ${default}"`
	Required   string   `placeholder:"PATH" help:"A path that only users may open: it is tried to get there without."`
	Auth       string   `default:"/.coatcheck/auth" placeholder:"PATH" help:"Where a proxy asks who somebody is, which nobody outside may. Default: ${default}"`
	Upstream   []string `placeholder:"ADDRESS" help:"Address of the app, host:port, that only the proxy may reach. Repeatable. Default: the port of coatcheck echo"`
	Cookie     string   `placeholder:"COOKIE" help:"Cookie header of somebody who is signed in, as name=value. Other users of the machine can read command lines: pass it in the environment, as COATCHECK_COOKIE. Default: the session that the gate begins"`
	Plain      string   `placeholder:"URL" help:"Where the site is found by plain http. Default: port 80 of the same host, for a site with https on port 443"`
	StoreDown  bool     `help:"Only look at what becomes of an outage: the store has been stopped for it. Needs --cookie."`
	ThisIsMine bool     `name:"yes-this-is-mine" help:"Attack a site that is not on this machine."`
}
