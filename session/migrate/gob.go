package migrate

import (
	"bytes"
	"encoding/gob"
	"fmt"
)

// maxRecord is the most that is decoded of one session, in bytes. Old stores hold what the application wrote, so this
// is a bound for accidents.
const maxRecord = 1 << 20

func decodeGob(b []byte, into any) error {
	if err := gob.NewDecoder(bytes.NewReader(b)).Decode(into); err != nil {
		return fmt.Errorf("decode gob: %w", err)
	}
	return nil
}

// shielded runs code of the application on values of another time. A panic, such as that of a type assertion, is an
// error of this one session: otherwise its visitor would get it with every request.
func shielded(do func() error) (err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("panic: %v", reason)
		}
	}()
	return do()
}
