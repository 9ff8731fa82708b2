// Package archtest holds the house together: it reads the source of all modules and says where it breaks a rule.
//
// The rules are values in [Rules], each with its reason; the most important one is the table of allowed imports,
// [Rooms]. The tests of this package apply them to the repository, so a new package begins with a line in that
// table, and a new arrow between packages with a reason. Each rule is also shown trees that break it. CONTRIBUTING.md
// shows the table; go test ./internal/archtest -update writes it there.
//
// Source is parsed, not built: files for other systems and behind build tags are under the same rules.
package archtest

// A Rule is something that holds everywhere in the repository.
type Rule struct {
	Name  string
	Why   string
	Check func(*Tree) []string // one line for each breach, with its place
}

// Rules are those of this repository.
var Rules = []Rule{
	{
		"imports",
		"arrows between packages go down only, and each has a reason in the table",
		checkImports,
	},
	{
		"rooms",
		"a table that allows what nobody does is not read any more",
		checkRooms,
	},
	{
		"session graph",
		"who adds sessions to a program adds no other project's code with them",
		checkSessionGraph,
	},
	{
		"requires",
		"the library is small to vendor and to review, and is built as its users build it",
		checkRequires,
	},
	{
		"package names",
		"a package is named after what it is about; these names attract whatever has no place",
		checkNames,
	},
	{
		"package docs",
		"the comment of a package is its manual",
		checkPackageDocs,
	},
	{
		"docs",
		"what a user of the library can name, its documentation explains",
		checkDocs,
	},
	{
		"lines",
		"a line of 120 columns can be read beside another one",
		checkLines,
	},
	{
		"words",
		"a newcomer knows the field's words already",
		checkWords,
	},
	{
		"one meaning",
		"a type's name that means something else next door misleads its reader",
		checkTypeNames,
	},
	{
		"budgets",
		"what is in everybody's way is kept small",
		checkBudgets,
	},
	{
		"workplace",
		"what lies in the repository is true on every machine",
		checkWorkplace,
	},
}
