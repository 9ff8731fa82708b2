package config

// AppKeys has the commands that work on the keys of services.
type AppKeys struct {
	New    NewKey     `cmd:"" help:"Make a key, and print it: it cannot be shown again. Running nodes know it at once."`
	List   AppKeyFile `cmd:"" help:"List the keys: who may do what."`
	Retire OldKey     `cmd:"" help:"Forget a key: running nodes refuse it within a second."`
}

// AppKeyFile says where the keys of services are.
type AppKeyFile struct {
	Data string `default:"${data}" placeholder:"DIR" help:"Data folder of the program that the keys are for. Default: ${default}"`
	File string `name:"app-keys" placeholder:"FILE" help:"File of the keys, as it was given to serve. Default: app-keys in the data folder"`
}

// NewKey has the flags of a new key.
type NewKey struct {
	AppKeyFile `embed:""`
	Scope      []string `required:"" placeholder:"SCOPE" sep:"," help:"What the key may do: read (check, list, watch), create (begin and change sessions), end (a session, or all of a user), admin (all of these, and end everybody's), metrics, token:AUDIENCE (exchange tickets for tokens of this audience, one at most). Repeatable."`
	Label      string   `placeholder:"TEXT" help:"Name of the service, for lists and the log."`
}

// Help is the text below that of the command.
func (*NewKey) Help() string {
	return `The key alone goes to standard output, once: KEY=$(coatcheck app-keys new --scope read). ` +
		`The file has no more than its hash.`
}

// OldKey has the argument of a retirement.
type OldKey struct {
	AppKeyFile `embed:""`
	ID         string `arg:"" help:"Its ID, as the list has it."`
}
