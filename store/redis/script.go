package redisstore

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// A script runs on the server as one step, on the node of its first key.
type script struct {
	text, sha string
}

func newScript(parts ...string) *script {
	text := strings.Join(parts, "\n")
	sum := sha1.Sum([]byte(text))
	return &script{text: text, sha: hex.EncodeToString(sum[:])}
}

// command puts a command together from its beginning, its keys and what else it needs.
func command(beginning []any, keys []string, args ...any) []any {
	all := make([]any, 0, len(beginning)+len(keys)+len(args))
	all = append(all, beginning...)
	for _, key := range keys {
		all = append(all, key)
	}
	return append(all, args...)
}

// run runs a script whose change nobody would miss.
func (s *Store) run(ctx context.Context, sc *script, keys []string, args ...any) (any, error) {
	return s.runWith(ctx, s.send, sc, keys, args)
}

// runWith runs a script by its hash, or with its text if the server does not know it.
func (s *Store) runWith(ctx context.Context, send Doer, sc *script, keys []string, args []any) (any, error) {
	all := command([]any{"EVALSHA", sc.sha, len(keys)}, keys, args...)
	reply, err := awaitSlot(ctx, send, keys[0], all)
	if diagnose(err) == noScript {
		all[0], all[1] = "EVAL", sc.text
		reply, err = awaitSlot(ctx, send, keys[0], all)
	}
	return reply, sc.locate(err)
}

var errorLine = regexp.MustCompile(`@user_script: ?(\d+)`)

// locate quotes the line at which a script failed, because servers do not name the command that they have refused.
func (sc *script) locate(err error) error {
	if err == nil || diagnose(err) != unknown {
		return err
	}
	if at := errorLine.FindStringSubmatch(err.Error()); at != nil {
		lines := strings.Split(sc.text, "\n")
		if n, _ := strconv.Atoi(at[1]); 0 < n && n <= len(lines) {
			err = fmt.Errorf("%w: %s", err, strings.TrimSpace(lines[n-1]))
		}
	}
	return err
}

// luaEarlier compares numbers of eight bytes. Lua's numbers cannot hold them, and the order of strings depends on the
// server's locale.
const luaEarlier = `
local function earlier(a, b)
  if a == b then return false end
  local ahigh, alow = struct.unpack('>I4I4', a)
  local bhigh, blow = struct.unpack('>I4I4', b)
  return ahigh < bhigh or ahigh == bhigh and alow < blow
end`

// luaWriter goes no further unless the node is a writer. DEL writes nothing, but is refused like a write, and not by a
// server whose memory is full. A server whose disk is full is still a writer. The first key is one of the node that has
// no value.
const luaWriter = `
local wrote = redis.pcall('DEL', KEYS[1])
if type(wrote) == 'table' and wrote.err and not wrote.err:find('MISCONF') then return wrote end
local info = redis.pcall('INFO', 'replication')
if type(info) == 'string' and info:find('role:slave') then
  return redis.error_reply('READONLY this replica accepts writes that its master will overwrite')
end`

var (
	// createScript: record all ends; value, life, place, score, channel, message, latest.
	// 0: the ID is taken, 1: created, 2: too long after it was added to its user's index.
	createScript = newScript(`
local old = redis.call('GETRANGE', KEYS[1], 33, 40)
if old ~= '' then return old == ARGV[1]:sub(34, 41) and 1 or 0 end
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
if ARGV[7] ~= '' and tonumber(redis.call('TIME')[1]) > tonumber(ARGV[7]) then return 2 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('ZADD', KEYS[2], 0, ARGV[3])
redis.call('ZADD', KEYS[3], ARGV[4], ARGV[3])
if ARGV[6] ~= '' then redis.call('PUBLISH', ARGV[5], ARGV[6]) end
return 1`)

	// announceScript: record; channel, message. Announces a record that has replaced another, unless it is gone again.
	announceScript = newScript(`
if redis.call('GETRANGE', KEYS[1], 0, 0) ~= '\2' then return 0 end
redis.call('SETRANGE', KEYS[1], 0, '\1')
redis.call('PUBLISH', ARGV[1], ARGV[2])
return 1`)

	// saveScript: record [ends]; version, next version, seen, attempt, score as order has it, body, life, channel,
	// message [score, place]. 0: not found, 1: conflict, 2: saved, 3: needs the index of ends, too.
	saveScript = newScript(luaEarlier, `
local old = redis.call('GETRANGE', KEYS[1], 0, 48)
if old == '' then return 0 end
if #old < 49 then return 1 end
if old:sub(2, 9) ~= ARGV[1] then
  return old:sub(2, 9) == ARGV[2] and old:sub(34, 41) == ARGV[4] and 2 or 1
end
local seen, ends = old:sub(10, 17), old:sub(42, 49)
if earlier(seen, ARGV[3]) then seen = ARGV[3] end
if earlier(ARGV[5], ends) then
  if #KEYS < 2 then return 3 end
  ends = ARGV[5]
  redis.call('ZADD', KEYS[2], ARGV[10], ARGV[11])
end
redis.call('SET', KEYS[1], '\1' .. ARGV[2] .. seen .. old:sub(18, 33) .. ARGV[4] .. ends .. ARGV[6], 'PX', ARGV[7])
redis.call('PUBLISH', ARGV[8], ARGV[9])
return 2`)

	// touchScript: records; when each was seen.
	touchScript = newScript(luaEarlier, `
for i, key in ipairs(KEYS) do
  local seen = redis.call('GETRANGE', key, 9, 16)
  if #seen == 8 and earlier(seen, ARGV[i]) then redis.call('SETRANGE', key, 9, ARGV[i]) end
end
return #KEYS`)

	// deleteScript: record all ends [by]; the first bytes that it must have after its state, place, channel, message,
	// ID of what replaces it. Replies with 0 (there is none), 1 (it has changed) or 2 (deleted), and the start of its
	// value.
	deleteScript = newScript(`
local old = redis.pcall('GETRANGE', KEYS[1], 0, -1)
if type(old) == 'table' then old = '?' end
if old == '' then
  if KEYS[4] and redis.call('GET', KEYS[4]) == ARGV[5] then return {2, ''} end
  if ARGV[1] == '' and ARGV[4] ~= '' then redis.call('PUBLISH', ARGV[3], ARGV[4]) end
  return {0, ''}
end
if old:sub(2, 1 + #ARGV[1]) ~= ARGV[1] then return {1, ''} end
redis.call('DEL', KEYS[1])
local place = old:sub(18, 25) .. ARGV[2]:sub(-16)
redis.call('ZREM', KEYS[2], place, ARGV[2])
redis.call('ZREM', KEYS[3], place, ARGV[2])
if KEYS[4] then redis.call('SET', KEYS[4], ARGV[5], 'PX', 60000) end
if ARGV[4] ~= '' and old:byte(1) ~= 2 then redis.call('PUBLISH', ARGV[3], ARGV[4]) end
return {2, old:sub(1, 65536)}`)

	// forgetScript: record all ends; place. Removes a place whose record is gone.
	forgetScript = newScript(`
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('ZREM', KEYS[3], ARGV[1])
return redis.call('ZREM', KEYS[2], ARGV[1])`)

	// laterScript: record ends; the first bytes that it must have after its state, score, place, score as order has it.
	laterScript = newScript(`
local old = redis.call('GETRANGE', KEYS[1], 0, 48)
if #old < 49 or old:sub(2, 1 + #ARGV[1]) ~= ARGV[1] then return 0 end
redis.call('ZADD', KEYS[2], ARGV[2], ARGV[3])
redis.call('SETRANGE', KEYS[1], 41, ARGV[4])
return 1`)

	// addScript: user gate; place. Replies with the time and what the gate says, or with nothing while it is closed.
	addScript = newScript(`
local gate = redis.call('GET', KEYS[2]) or ''
if gate:sub(1, 1) == 'c' then return {} end
local now = redis.call('TIME')
local added = struct.pack('>I4I4', now[1], now[2])
redis.call('ZADD', KEYS[1], 0, ARGV[1] .. added)
return {added, gate}`)

	// entriesScript: user; from which entry downward, how many. Replies with the time in seconds, then the entries.
	entriesScript = newScript(`
local page = redis.call('ZREVRANGEBYLEX', KEYS[1], ARGV[1], '-', 'LIMIT', 0, ARGV[2])
table.insert(page, 1, redis.call('TIME')[1])
return page`)

	// headsScript: records; up to which byte.
	headsScript = newScript(`
local heads = {}
for i, key in ipairs(KEYS) do
  local head = redis.pcall('GETRANGE', key, 0, ARGV[1])
  heads[i] = type(head) == 'string' and head or ''
end
return heads`)

	// closeScript: gate; what it is to say, and for how long.
	closeScript = newScript(`
local gate = redis.call('GET', KEYS[1]) or ''
if gate:sub(1, 1) == 'c' and gate ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`)

	// openScript: gate; what it must still say, what it is to say then, for how long, channel, message.
	openScript = newScript(`
local gate = redis.call('GET', KEYS[1])
if gate ~= ARGV[1] and gate ~= ARGV[2] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
redis.call('PUBLISH', ARGV[4], ARGV[5])
return 1`)

	// cutoffScript: cutoffs; user, time as order has it, channel, message.
	cutoffScript = newScript(luaEarlier, `
local old = redis.call('HGET', KEYS[1], ARGV[1])
if old and #old == 8 and not earlier(old, ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('PUBLISH', ARGV[3], ARGV[4])
return 1`)

	// cutoffsScript: cutoffs. A script, because that replies with an array in both versions of the protocol.
	cutoffsScript = newScript(`return redis.call('HGETALL', KEYS[1])`)

	// dropCutoffScript: cutoffs; user, time. Removes a cutoff that has not moved since.
	dropCutoffScript = newScript(`
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
return redis.call('HDEL', KEYS[1], ARGV[1])`)

	// beatScript: a key of the node's; channel or nothing, message. PUBLISH would succeed on a replica. It returns the
	// server's time, in microseconds.
	beatScript = newScript(luaWriter, `
if ARGV[1] ~= '' then redis.call('PUBLISH', ARGV[1], ARGV[2]) end
local now = redis.call('TIME')
return now[1] * 1000000 + now[2]`)

	// findScript: a key of the node's, record.
	findScript = newScript(luaWriter, `
return redis.call('GETRANGE', KEYS[2], 0, -1)`)

	// infoScript: a key of the node. A plain INFO goes to any node.
	infoScript = newScript(`return redis.call('INFO')`)
)
