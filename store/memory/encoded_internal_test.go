package memory

import (
	"testing"
	"time"

	"coatcheck.dev/store"
)

func TestEncoded(t *testing.T) {
	began := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	r := store.Record{
		ID: store.NewID(), User: "ada", CreatedAt: began, ExpiresAt: began.Add(24 * time.Hour), IdleTimeout: time.Hour,
		Device: store.Device{Address: "192.0.2.1", UserAgent: "Browser"},
	}
	for _, version := range []uint64{1, 127, 128, 1 << 63} {
		for _, after := range []time.Duration{0, time.Microsecond, -time.Hour, 400 * 24 * time.Hour} {
			seen := began.Add(after).UnixMicro()
			record := encode(&r, version, 0, 300).touched(seen)
			h := record.head()
			if record.id() != r.ID || record.user() != "ada" || h.version != version || h.agent != 300 ||
				h.seen() != seen || h.created() != began.UnixMicro() {
				t.Errorf("version %d, seen %v after: %+v", version, after, h)
			}
			body := store.Encoded{Body: h.body}
			if got, err := body.Record(); err != nil || got.Device != (store.Device{Address: "192.0.2.1"}) {
				t.Errorf("device %+v, %v", got.Device, err)
			}
			end := min(seen+time.Hour.Microseconds(), r.ExpiresAt.UnixMicro())
			if record.over(micro(end-1)) || !record.over(micro(end)) {
				t.Errorf("seen %v after: it does not end at %v", after, micro(end))
			}
		}
	}
}
