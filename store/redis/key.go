package redisstore

import (
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"

	"coatcheck.dev/store"
)

// Keys, without the prefix. In a Cluster the part in braces decides the slot, so each script finds its keys in one
// slot:
//
//	{SHARD}:r:ID      a record, see value.go
//	{SHARD}:all       the places of the shard's records, a sorted set in which all scores are 0
//	{SHARD}:ends      the same places; the score is a time in microseconds before which the record is not over
//	{SHARD}:by:ID     for a minute: the record that has replaced this one
//	{SHARD}:n         counts what Replicated has waited for
//	u:{HASH}          the entries of a user's records, a sorted set in which all scores are 0
//	u:{HASH}:gate     while DeleteUser runs, and for a while after it
//	switches          the cutoffs, a hash
//
// A place is the time of creation (see order) and the ID. An entry is a place and the time at which it was added.

// shards is how many parts the records are spread over. It is part of the format.
const shards = 64

// tags names the shards so that each lies in its own sixty-fourth of the slots. A Cluster gives ranges of slots to its
// nodes, so every node gets its share of the shards.
var tags = func() (tags [shards]string) {
	const part = 16384 / shards
	for n, left := 0, shards; left > 0; n++ {
		name := strconv.Itoa(n)
		if i := slot(name) / part; tags[i] == "" {
			tags[i] = name
			left--
		}
	}
	return tags
}()

// slot is the slot of a hash tag: its CRC-16 (XMODEM), as the Cluster specification has it.
func slot(tag string) int {
	var crc uint16
	for i := range len(tag) {
		crc ^= uint16(tag[i]) << 8
		for range 8 {
			carry := crc&0x8000 != 0
			if crc <<= 1; carry {
				crc ^= 0x1021
			}
		}
	}
	return int(crc % 16384)
}

// shardOf needs no hash: IDs are random.
func shardOf(id store.ID) int { return int(id[0]^id[15]) % shards }

func (s *Store) shardKey(shard int, name string) string {
	return s.prefix + "{" + tags[shard] + "}:" + name
}

// RecordKey returns the key of a record, for a look at it with other tools. Only the store may write there.
func (s *Store) RecordKey(id store.ID) string { return s.shardKey(shardOf(id), "r:"+id.String()) }

// recordKeys are those of a record and of its places in the indexes.
func (s *Store) recordKeys(id store.ID) []string {
	return []string{s.RecordKey(id), s.shardKey(shardOf(id), "all"), s.shardKey(shardOf(id), "ends")}
}

// besideKey returns a key that lies in the same slot as another one.
func (s *Store) besideKey(key, name string) string {
	if _, tagged, ok := strings.Cut(key, "{"); ok {
		key, _, _ = strings.Cut(tagged, "}")
	}
	return s.prefix + "{" + key + "}:" + name
}

// userKey hides the name, which may be long or private.
func (s *Store) userKey(user string) string {
	hash := sha256.Sum256([]byte(user))
	return s.prefix + "u:{" + base64.RawURLEncoding.EncodeToString(hash[:]) + "}"
}

func (s *Store) gateKey(user string) string { return s.userKey(user) + ":gate" }

func (s *Store) cutoffsKey() string { return s.prefix + "switches" }

func (s *Store) channel() string { return s.prefix + "feed" }
