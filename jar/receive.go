package jar

import (
	"net/http"

	"coatcheck.dev/cookie"
)

// Receive takes all that the response to a request says about cookies, and returns the outcome of each Set-Cookie line
// as [Jar.Set] does. Expires is counted from the Date of the response, unless r has one.
func (j *Jar) Receive(r *Request, header http.Header) []cookie.Reasons {
	lines := header["Set-Cookie"]
	dated := *r
	if dated.Date.IsZero() {
		dated.Date, _ = http.ParseTime(header.Get("Date")) // without a sound one, the clocks agree
	}
	outcomes := make([]cookie.Reasons, len(lines))
	for i, line := range lines {
		outcomes[i] = j.Set(&dated, line)
	}
	return outcomes
}
