package session

import "strconv"

// plain decodes the JSON of the simplest values: text without escapes, whole numbers, true and false. They are what
// most keys hold, and encoding/json would spend as much time on one as it takes to find the session. It reports false
// for anything that is not certain, errors included: encoding/json decides about those.
func plain[T any](text string) (v T, ok bool) {
	switch p := any(&v).(type) {
	case *string:
		*p, ok = plainString(text)
	case *int:
		*p, ok = plainInt(text)
	case *bool:
		*p = text == "true"
		ok = *p || text == "false"
	}
	return v, ok
}

// plainString leaves everything beyond ASCII to encoding/json, which replaces what is not UTF-8.
func plainString(text string) (string, bool) {
	last := len(text) - 1
	if last < 1 || text[0] != '"' || text[last] != '"' {
		return "", false
	}
	for i := 1; i < last; i++ {
		if c := text[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return "", false
		}
	}
	return text[1:last], true
}

// plainInt leaves signs and leading zeros to encoding/json: in JSON not all of them are numbers.
func plainInt(text string) (int, bool) {
	if text == "" || text[0] < '1' || text[0] > '9' {
		return 0, text == "0"
	}
	n, err := strconv.Atoi(text)
	return n, err == nil
}
