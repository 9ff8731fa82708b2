package redisstore

import (
	"crypto/sha256"
	"encoding/base64"
	"strconv"

	"coatcheck.dev/store"
)

// Keys, behind the prefix. What stands in braces decides the slot in a Cluster, so that each script finds its keys together:
//
//	{SHARD}:r:ID      a record, see value.go
//	{SHARD}:all       the places of the shard's records, a sorted set in which all scores are 0
//	{SHARD}:ends      the same places, scored by a time before which the record is not over, in microseconds
//	{SHARD}:by:ID     for a minute: which record has replaced this one
//	{SHARD}:n         counts what Replicated has waited for
//	u:{HASH}          the entries of a user's records, a sorted set in which all scores are 0
//	u:{HASH}:gate     while DeleteUser runs, and for a while after it
//	switches          the not-before switches, a hash
//
// A place is created (see order) and ID; an entry is a place and the moment at which it was added.

// shards is how many parts everybody's records have. It is part of the format.
const shards = 64

// tags names the shards such that each lies in its own sixty-fourth of the slots: a Cluster gives ranges of slots to its
// nodes, and so every node gets its share of the shards.
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

// RecordKey returns the key under which a record lies, for a look at it with other tools. What is there is the store's alone.
func (s *Store) RecordKey(id store.ID) string { return s.shardKey(shardOf(id), "r:"+id.String()) }

// userKey hides the name, which may be long or private.
func (s *Store) userKey(user string) string {
	hash := sha256.Sum256([]byte(user))
	return s.prefix + "u:{" + base64.RawURLEncoding.EncodeToString(hash[:]) + "}"
}

func (s *Store) gateKey(user string) string { return s.userKey(user) + ":gate" }

func (s *Store) switchesKey() string { return s.prefix + "switches" }

func (s *Store) channel() string { return s.prefix + "feed" }
