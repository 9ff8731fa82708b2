package history

import (
	"errors"
	"strconv"
	"strings"

	"github.com/go-sql-driver/mysql"
)

// A dialect is what databases say differently.
type dialect struct {
	schema   []string
	numbered bool             // placeholders are $1, not ?
	there    func(error) bool // whether an error says that something is there already
}

// Texts are bytes: who wrote them may have written anything, and no collation may take two users for one.
const columns = "happened, kind, handle, was, who, address, ip, actor, reason, detail"

// schemaOf returns the statements that make a table whose first column, type of bytes and index are said so.
func schemaOf(seq, text, index string) []string {
	t := strings.NewReplacer("TEXT", text)
	statements := []string{"CREATE TABLE IF NOT EXISTS coatcheck_history (seq " + seq + ", happened BIGINT NOT NULL, " +
		t.Replace("kind TEXT NOT NULL, handle TEXT NOT NULL, was TEXT NOT NULL, who TEXT NOT NULL, "+
			"address TEXT NOT NULL, ip TEXT NOT NULL, actor TEXT NOT NULL, reason TEXT NOT NULL, "+
			"detail TEXT NOT NULL)")}
	for _, c := range []string{"", "kind", "handle", "was", "who", "ip", "actor"} {
		fields := "happened"
		if c != "" {
			fields = c + ", happened"
		}
		statements = append(statements, index+" coatcheck_history_by_"+c+"happened ON coatcheck_history ("+fields+")")
	}
	return statements
}

var inFile = dialect{
	schema: schemaOf("INTEGER PRIMARY KEY AUTOINCREMENT", "BLOB", "CREATE INDEX IF NOT EXISTS"),
	there:  func(error) bool { return false },
}

// servers are by the name of their engine: see [backend.Address].
var servers = map[string]*dialect{
	"PostgreSQL": {
		schema:   schemaOf("BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "BYTEA", "CREATE INDEX IF NOT EXISTS"),
		numbered: true,
		there:    func(err error) bool { return strings.Contains(err.Error(), "23505") }, // two nodes made it at once
	},
	"MySQL":   &onMySQL,
	"MariaDB": &onMySQL,
}

var onMySQL = dialect{
	schema: schemaOf("BIGINT AUTO_INCREMENT PRIMARY KEY", "VARBINARY(512)", "CREATE INDEX"),
	there: func(err error) bool {
		var failed *mysql.MySQLError
		return errors.As(err, &failed) && failed.Number == 1061 // duplicate key name
	},
}

// rebind writes the placeholders as the database wants them.
func (d *dialect) rebind(query string) string {
	if !d.numbered {
		return query
	}
	var b strings.Builder
	n := 0
	for _, c := range query {
		if c != '?' {
			b.WriteRune(c)
			continue
		}
		n++
		b.WriteString("$" + strconv.Itoa(n))
	}
	return b.String()
}
