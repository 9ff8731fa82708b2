package config

// Operators has the commands that work on the console's operators.
type Operators struct {
	Add          NewOperator  `cmd:"" help:"Add an operator, and print their token: it cannot be shown again. Running nodes know it at once."`
	List         OperatorFile `cmd:"" help:"List the operators: who may do what, and who has a passkey."`
	Role         NewRole      `cmd:"" help:"Give an operator another role and another token, which is printed. Who may do less than before is signed out."`
	Retire       OneOperator  `cmd:"" help:"Forget an operator: running nodes refuse them within a second, and end their sessions."`
	Link         NewLink      `cmd:"" help:"Print a link that signs an operator in: it works once, for 10 minutes. Nothing has to restart."`
	ResetPasskey OneOperator  `cmd:"" name:"reset-passkey" help:"Forget an operator's passkeys, if they are lost: link or token is enough again."`
}

// OperatorFile says where the operators are.
type OperatorFile struct {
	Data string `default:"${data}" placeholder:"DIR" help:"Data folder of the program that the operators are for. Default: ${default}"`
	File string `name:"operators" placeholder:"FILE" help:"File of the operators, as it was given to serve. Default: operators in the data folder"`
}

// OneOperator has the argument of a command on one operator.
type OneOperator struct {
	OperatorFile `embed:""`
	Name         string `arg:"" help:"Their name, as the list has it; operator is whoever has the console's token."`
}

// NewOperator has the flags of a new operator.
type NewOperator struct {
	OperatorFile `embed:""`
	Name         string `arg:"" help:"Their name, such as ada or ada@example.org: it stands beside all that they do."`
	Role         string `required:"" enum:"viewer,support,security,metrics" placeholder:"ROLE" help:"What they may do: viewer (look), support (and end one session), security (everything: end many, not-before, erase), metrics (scrape the metrics, and nothing else)."`
}

// Help is the text below that of the command.
func (*NewOperator) Help() string {
	return `The token alone goes to standard output, once. The file has no more than its hash. ` +
		`Who should have no token at all never gets to see it: coatcheck operators link NAME lets them in.`
}

// NewRole has the flags of a change of role.
type NewRole struct {
	OperatorFile `embed:""`
	Name         string `arg:"" help:"Their name, as the list has it."`
	Role         string `required:"" enum:"viewer,support,security,metrics" placeholder:"ROLE" help:"What they may do from now on: viewer, support, security or metrics."`
}

// NewLink has the flags of a new sign-in link.
type NewLink struct {
	OneOperator `embed:""`
	Console     string `placeholder:"URL" help:"Where browsers find the console. Default: where the program of the data folder said that it is"`
}
