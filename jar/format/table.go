package format

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"strconv"
	"strings"
)

// Table is a table of cookies, a line for each, with tabs, commas or semicolons between its columns. What a column has
// shows in the first line, by the names that other files have for it. Without such a line it is what Chromium's
// developer tools put on the clipboard (name, value, domain, path, expiry, size, HttpOnly, Secure, SameSite, the site
// of the partition, whether that is of another site, and priority), or what NirSoft's viewers save (host, path, name,
// value, Secure, HttpOnly, last access, creation, expiry).
var Table = Format{
	name: "table", about: "a table: CSV with a line of names, or rows of the developer tools, only read",
	files: []string{"*.csv", "*.tsv"},
	sign:  "a first line such as name,value,domain,path, or rows of the developer tools or NirSoft's viewers",
	sniff: sniffTable, read: readTable,
}

// tableColumns are the fields of a record, by the names of columns in lower case without what is no letter.
var tableColumns = map[string]string{
	"name": "name", "cookiename": "name", "value": "value", "cookievalue": "value",
	"domain": "domain", "host": "domain", "hostname": "domain", "hostkey": "domain", "path": "path",
	"expires": "expires", "expiry": "expires", "expiration": "expires", "expirationdate": "expires",
	"expiresmaxage": "expires", "expiresutc": "expires",
	"secure": "secure", "issecure": "secure", "httponly": "httpOnly", "ishttponly": "httpOnly",
	"samesite": "sameSite", "hostonly": "hostOnly", "session": "session", "priority": "priority",
	"encryptedvalue": "encrypted_value", "partitionkeysite": "partitionKey", "partitionkey": "partitionKey",
	"topframesitekey": "partitionKey",
	"crosssite":       "_crHasCrossSiteAncestor", "hascrosssiteancestor": "_crHasCrossSiteAncestor",
}

// tableCommas are what may stand between columns.
var tableCommas = []string{"\t", ",", ";"}

// toolsColumns are those of Chromium's developer tools, in which the size is for people.
var toolsColumns = []string{"name", "value", "domain", "path", "expires", "", "httpOnly", "secure", "sameSite",
	"partitionKey", "_crHasCrossSiteAncestor", "priority"}

// viewerColumns are those of NirSoft's viewers. The times of last access and creation are lost.
var viewerColumns = []string{"domain", "path", "name", "value", "secure", "httpOnly", "", "", "expires"}

// A tableShape is how the lines of a table are read.
type tableShape struct {
	comma   string
	columns []string // fields by their column; "" for what nobody reads
	least   int      // columns that a line must have
	titled  bool     // the first line has the names
}

// tableOf finds the shape by the first line.
func tableOf(line []byte) (t tableShape, ok bool) {
	for _, t.comma = range tableCommas {
		cells, err := t.split(line)
		if err != nil {
			continue
		}
		found := map[string]bool{}
		t.columns, t.least = nil, 0
		for i, title := range cells {
			field := tableColumns[letters(title)]
			if found[field] {
				field = "" // the first one counts
			}
			found[field] = true
			t.columns = append(t.columns, field)
			if field == "name" || field == "value" || field == "domain" {
				t.least = i + 1
			}
		}
		if found["name"] && found["value"] && found["domain"] {
			t.titled = true
			return t, true
		}
	}
	for _, comma := range tableCommas {
		t = tableShape{comma: comma, columns: viewerColumns, least: 4}
		if cells, err := t.split(line); err == nil && isViewerRow(cells) {
			return t, true
		}
	}
	t = tableShape{comma: "\t", columns: toolsColumns, least: 3}
	cells, _ := t.split(line)
	return t, isToolsRow(cells)
}

// isViewerRow tells rows of NirSoft's viewers by what stands before and behind the cookie.
func isViewerRow(cells []string) bool {
	return len(cells) > 8 && cells[0] != "" && strings.HasPrefix(cells[1], "/") && isYesOrNo(cells[4]) &&
		isYesOrNo(cells[5])
}

func isYesOrNo(cell string) bool {
	return strings.EqualFold(cell, "Yes") || strings.EqualFold(cell, "No")
}

// isToolsRow tells rows of the developer tools by their size, which is that of name and value together.
func isToolsRow(cells []string) bool {
	if len(cells) < 6 || !strings.HasPrefix(cells[3], "/") {
		return false
	}
	size, err := strconv.Atoi(cells[5])
	return err == nil && size == len(cells[0])+len(cells[1])
}

func letters(title string) string {
	return strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' {
			return r
		}
		return -1
	}, strings.ToLower(title))
}

// split splits a line. Only tables with commas and their like have quotes around cells.
func (t *tableShape) split(line []byte) ([]string, error) {
	if t.comma == "\t" {
		return strings.Split(string(line), "\t"), nil
	}
	read := func(lazily bool) ([]string, error) {
		r := csv.NewReader(bytes.NewReader(line))
		r.Comma, r.LazyQuotes, r.FieldsPerRecord = rune(t.comma[0]), lazily, -1
		return r.Read()
	}
	cells, err := read(false)
	if errors.Is(err, csv.ErrBareQuote) {
		return read(true) // quotes that mean nothing
	}
	return cells, err
}

func sniffTable(head []byte) bool {
	first, _, _ := bytes.Cut(bytes.TrimLeft(head, "\r\n"), []byte("\n"))
	_, ok := tableOf(bytes.TrimRight(first, "\r"))
	return ok
}

func readTable(in *bufio.Reader, o *Options, s *sink) error {
	var shape *tableShape
	known := false
	err := eachLine(in, func(n int, line []byte, whole, long bool) {
		if len(bytes.TrimSpace(line)) == 0 {
			return
		}
		if shape == nil {
			var first tableShape
			first, known = tableOf(line)
			if shape = &first; first.titled {
				return
			}
		}
		at := place{unit: "line", n: n}
		switch {
		case !known:
		case long:
			s.leaveOut(at, nil, "the line is too long")
		default:
			shape.row(at, line, whole, o, s)
		}
	})
	if err == nil && !known {
		return errors.New("its first line does not name the columns, of which name, value and domain must be some")
	}
	return err
}

// row reads a cookie.
func (t *tableShape) row(at place, line []byte, whole bool, o *Options, s *sink) {
	cells, err := t.split(line)
	if err != nil || len(cells) < t.least {
		why := "it does not have the columns of the first line"
		if errors.Is(err, csv.ErrQuote) {
			why = "a cell in quotes does not end where it should"
		}
		s.leaveOut(at, nil, why)
		return
	}
	r := &record{fields: map[string]any{}}
	if !whole && len(cells) < len(t.columns) {
		r.odd = append(r.odd, errCutLine.Error())
	}
	for i, text := range cells {
		switch {
		case i < len(t.columns) && t.columns[i] != "":
			r.fields[t.columns[i]] = cell(t.columns[i], text)
		case i >= len(t.columns) && strings.TrimSpace(text) != "":
			r.wrong = append(r.wrong, errors.New("it has more columns than the first line"))
		}
	}
	if site, _ := r.fields["partitionKey"].(string); site == "" {
		delete(r.fields, "_crHasCrossSiteAncestor")
	}
	r.take(at, o, s, nil)
}

// cell is what a cell has for a field: marks and words for true and false as such.
func cell(field, text string) any {
	if field == "name" || field == "value" {
		return text
	}
	text = strings.TrimSpace(text)
	switch strings.ToLower(text) {
	case "✓", "✔", "yes":
		return true
	case "✗", "no":
		return false
	}
	return text
}
