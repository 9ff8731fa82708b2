package format

import (
	"bufio"
	"errors"
	"strings"
)

// Blocks is the text that NirSoft's viewers save: a line "Title : value" for each field of a cookie, and a line of
// signs between cookies. The times of creation and last access are lost.
var Blocks = Format{
	name: "blocks", about: "blocks of lines such as Host Name : example.com, only read",
	sign:  `blocks of lines such as "Host Name : example.com" between lines of =`,
	sniff: sniffBlocks, read: readBlocks,
}

const blockEnd = "=========="

var errUntitled = errors.New("a line of it is no title with a value")

func sniffBlocks(head []byte) bool {
	if !strings.HasPrefix(strings.TrimSpace(string(head)), blockEnd) {
		return false
	}
	fields := map[string]bool{}
	for line := range strings.Lines(string(head)) {
		title, _, _ := strings.Cut(line, " : ")
		fields[tableColumns[letters(title)]] = true
	}
	return fields["domain"] && fields["name"] && fields["value"]
}

func readBlocks(in *bufio.Reader, o *Options, s *sink) error {
	block := &record{fields: map[string]any{}}
	at := place{unit: "line"}
	end := func() {
		if len(block.fields) > 0 || len(block.wrong) > 0 {
			block.take(at, o, s, nil)
		}
		block, at.n = &record{fields: map[string]any{}}, 0
	}
	err := eachLine(in, func(n int, raw []byte, whole, long bool) {
		line := string(raw)
		switch {
		case strings.HasPrefix(line, blockEnd):
			end()
			return
		case strings.TrimSpace(line) == "":
			return
		case at.n == 0:
			at.n = n
		}
		if block.title(line, long); !whole {
			block.odd = append(block.odd, errCutLine.Error())
		}
	})
	if err == nil {
		end()
	}
	return err
}

// title reads a line of a block. A field that is empty is as good as absent, save a name or a value.
func (r *record) title(line string, long bool) {
	title, text, ok := strings.Cut(line+" ", " : ")
	field := tableColumns[letters(title)]
	switch {
	case (long || !ok) && len(r.wrong) > 0: // one reason is enough
	case long:
		r.wrong = append(r.wrong, errTooLarge)
	case !ok:
		r.wrong = append(r.wrong, errUntitled)
	case field != "" && r.fields[field] == nil:
		r.fields[field] = cell(field, strings.TrimSuffix(text, " "))
	}
}
