package format

import (
	"math"
	"time"
)

// The lengths of a second in the units of time that programs count in.
const (
	perMilli  = 1e3
	perMicro  = 1e6
	perWindow = 1e7 // 100 ns, the unit of Windows
)

const (
	year9999  = 253402300799 // the last second of the year, counted from 1970
	since1601 = 11644473600  // seconds from the epoch of Windows, which is Chromium's, to that of Unix
)

// numberTime reads a time that should be in seconds since 1970. A number beyond the year 9999 is in one of the other
// units that programs use, and the note says which: taken for seconds, it would bring expired cookies back to life.
func numberTime(n float64) (t time.Time, note string) {
	switch {
	case n <= year9999 || math.IsInf(n, 0):
		return secondsTime(n), ""
	case n <= year9999*perMilli:
		return secondsTime(n / perMilli), "its expiry is taken as milliseconds since 1970"
	case n <= since1601*perMicro:
		return secondsTime(n / perMicro), "its expiry is taken as microseconds since 1970"
	case n <= since1601*perWindow:
		return secondsTime(n/perMicro - since1601), "its expiry is taken as microseconds since 1601, as Chromium counts"
	case n <= 2*since1601*perWindow:
		return secondsTime(n/perWindow - since1601), "its expiry is taken as hundreds of nanoseconds since 1601"
	}
	return secondsTime(n), ""
}

// secondsTime is a time in seconds since 1970, to the microsecond and limited to the years of package time.
func secondsTime(s float64) time.Time {
	s = min(max(s, -year9999), year9999)
	whole := int64(s)
	return time.Unix(whole, int64(math.Round((s-float64(whole))*1e6))*1e3).UTC()
}
