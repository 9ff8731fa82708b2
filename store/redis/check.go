package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"coatcheck.dev/store"
)

// ErrRefused reports a dangerous setting; the error names it.
var ErrRefused = errors.New("the server's settings are dangerous for sessions")

// Prepare finds out now what would fail later: it is Check for those who want no findings, and then [Store.Try]. A
// dangerous setting is ErrRefused unless [Options] allow it.
func (s *Store) Prepare(ctx context.Context) error {
	findings, err := s.Check(ctx)
	if err != nil {
		return err
	}
	var why []string
	for _, f := range findings {
		if f.Severity == store.Danger {
			why = append(why, fmt.Sprintf("%s: %s (%s)", f.What, f.Means, f.Fix))
		}
	}
	if len(why) == 0 {
		return s.Try(ctx)
	}
	return fmt.Errorf("redisstore: check the server: %w: %s", ErrRefused, strings.Join(why, "; "))
}

// Check implements [store.Checker]. It asks the server, and in a Cluster every master, for its settings. The finding
// named "version" says which server it is. What the server does not tell is reported as unknown.
func (s *Store) Check(ctx context.Context) ([]store.Finding, error) {
	c := check{Store: s, ctx: ctx}
	infos, err := s.infos(ctx)
	if err != nil {
		return nil, explain(ctx, "check the server", err)
	}
	if len(infos) == 0 {
		c.of("INFO", "allow the Redis user INFO")(store.Unknown, "INFO is not allowed", "its settings are unknown")
		infos = []info{{}}
	}
	for _, in := range infos {
		c.info, c.node = in, ""
		if in["cluster_enabled"] == "1" {
			c.node = " (the node on port " + in["tcp_port"] + ")"
		}
		c.version()
		c.memory()
		c.replicas()
		c.disk()
	}
	c.node = ""
	c.config(infos)
	if c.info["cluster_enabled"] != "0" {
		c.cluster()
	}
	return c.findings, nil
}

// A check collects findings, of one node after the other.
type check struct {
	*Store
	ctx      context.Context
	info     info
	node     string // in words, if there are several
	partly   bool   // what follows is of one node of several
	findings []store.Finding
}

// of returns a function that adds a finding about one setting. What is good needs no fix.
func (c *check) of(name, fix string) func(s store.Severity, what, means string) {
	return func(s store.Severity, what, means string) {
		if c.partly {
			what += ", on one node of the Cluster"
		}
		if c.partly && s == store.Good {
			s, means = store.Unknown, "the other nodes may have other settings, and cannot be asked"
		}
		f := store.Finding{Severity: s, Name: name, What: what + c.node, Means: means, Fix: fix}
		if s == store.Good {
			f.Fix = ""
		}
		c.findings = append(c.findings, f)
	}
}

// unless returns Danger, unless an option allows it.
func unless(allowed bool) store.Severity {
	if allowed {
		return store.Limit
	}
	return store.Danger
}

// An info is what INFO says of one node.
type info map[string]string

// parseInfo skips what RESP3 puts before a verbatim text, because some clients leave it there.
func parseInfo(text string) info {
	in := make(info)
	for line := range strings.Lines(strings.TrimPrefix(text, "txt:")) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			in[name] = value
		}
	}
	return in
}

func (in info) number(name string) int64 {
	n, _ := strconv.ParseInt(in[name], 10, 64)
	return n
}

// infos asks every node that has something of ours. It sends a script, because a plain INFO goes to any node; the
// run_id tells which node has answered.
func (s *Store) infos(ctx context.Context) ([]info, error) {
	first, err := text(s.run(ctx, infoScript, []string{s.cutoffsKey()}))
	if err != nil { // a script may have fewer rights
		first, err = text(s.doer(ctx, "", "INFO"))
	}
	switch diagnose(err) {
	case noPermission:
		return nil, nil
	case unknown, loading, masterDown, noAuth, clusterDown, busy:
		if err != nil {
			return nil, err
		}
	}
	infos := []info{parseInfo(first)}
	if infos[0]["cluster_enabled"] != "1" {
		return infos, nil
	}
	var mu sync.Mutex
	seen := map[string]bool{infos[0]["run_id"]: true}
	err = parallel(shards, func(i int) error {
		reply, err := text(s.run(ctx, infoScript, []string{s.shardKey(i, "all")}))
		in := parseInfo(reply)
		mu.Lock()
		defer mu.Unlock()
		if err == nil && !seen[in["run_id"]] {
			seen[in["run_id"]] = true
			infos = append(infos, in)
		}
		return err
	})
	return infos, err
}

func (c *check) version() {
	add := c.of("version", "use Redis 6.2 or later, or Valkey")
	server, version := "Redis", c.info["redis_version"]
	if v := c.info["valkey_version"]; v != "" {
		server, version = "Valkey", v
	}
	major, rest, _ := strings.Cut(c.info["redis_version"], ".") // Valkey states a compatible one, too
	minor, _, _ := strings.Cut(rest, ".")
	x, err1 := strconv.Atoi(major)
	y, err2 := strconv.Atoi(minor)
	switch {
	case err1 != nil || err2 != nil:
		add(store.Unknown, "the server's version", "the store needs the commands of Redis 6.2")
	case x < 6 || x == 6 && y < 2:
		add(store.Danger, server+" "+version, "the store needs the commands of Redis 6.2")
	default:
		add(store.Good, server+" "+version, "it has all that the store needs")
	}
}

func (c *check) memory() {
	add := c.of("maxmemory-policy", "maxmemory-policy noeviction")
	policy := c.info["maxmemory_policy"]
	what := "maxmemory-policy " + policy
	switch {
	case policy == "noeviction":
		add(store.Good, what, "a full server refuses new sessions and keeps what it has")
	case policy == "" || c.info["maxmemory"] == "":
		add(store.Unknown, "the eviction policy and maxmemory", "a full server may delete sessions")
	case c.info.number("maxmemory") == 0:
		add(store.Limit, what+", without maxmemory", "once maxmemory is set, a full server deletes sessions")
	default:
		add(unless(c.options.AllowEviction), what,
			"a full server deletes sessions to make room; with allkeys also the cutoffs, so revoked sessions come back")
	}
}

func (c *check) replicas() {
	n, has := int64(c.durability.replicas), c.info.number("connected_slaves")
	what := fmt.Sprintf("%d replicas, and a write waits for %d", has, n)
	if has == 1 {
		what = strings.Replace(what, "replicas", "replica", 1)
	}
	switch role := c.info["role"]; {
	case role == "" || role == "master" && c.info["connected_slaves"] == "":
		c.of("replicas", "make sure that this is the master, and let a write wait for its replicas")(store.Unknown,
			"the server's replicas", "a failover may lose what was acknowledged")
	case role != "master":
		c.of("replicas", "connect to the master, through Sentinel or as a Cluster")(store.Danger, "a replica",
			"it accepts no writes, and its sessions are out of date")
	case n > has:
		c.of("replicas", "bring the replicas back, or wait for fewer")(unless(c.options.AllowFewReplicas), what,
			fmt.Sprintf("every write waits for %d of them, and fails", n))
	case n == 0 && has > 0:
		c.of("replicas", "use Replicated")(store.Limit, strings.Replace(what, "for 0", "for none", 1),
			"a failover loses the last acknowledged writes: users are signed out, and revoked sessions come back")
	case n > 0 && n < has:
		c.of("replicas", "wait for all of them, or see that a failover picks one that is up to date")(store.Limit, what,
			"a failover to another one loses the last writes")
	case n > 0:
		c.of("replicas", "")(store.Good, what, "a failover to any of them loses nothing that was acknowledged")
	}
}

func (c *check) disk() {
	add := c.of("appendonly", "appendonly yes")
	switch c.info["aof_enabled"] {
	case "1":
	case "":
		add(store.Unknown, "whether there is an append-only file", "a crash may lose what was acknowledged")
	default:
		add(store.Limit, "appendonly no", "a crash or a power cut loses every change since the last snapshot: "+
			"users are signed out, and revoked sessions come back")
	}
	if c.info["loading"] == "1" {
		c.of("loading", "wait")(store.Limit, "the server is loading its data", "sessions are unknown until it is done")
	}
}

// config looks at what INFO does not tell.
func (c *check) config(infos []info) {
	c.partly = len(infos) > 1
	defer func() { c.partly = false }()
	aof, replicated := false, false
	for _, in := range infos {
		aof = aof || in["aof_enabled"] == "1"
		replicated = replicated || in["connected_slaves"] != "0"
	}
	if aof {
		c.fsync()
	}
	if !replicated {
		return
	}
	add := c.of("min-replicas-to-write", "min-replicas-to-write 1")
	value, ok := c.setting("min-replicas-to-write")
	what := "min-replicas-to-write " + value
	switch {
	case !ok:
		add(store.Unknown, what+"is unknown: CONFIG GET does not tell",
			"a master that is cut off may go on accepting writes that will be lost")
	case value == "0":
		add(store.Limit, what, "a master that is cut off from its replicas goes on accepting writes, "+
			"and loses them when it comes back as a replica")
	default:
		add(store.Good, what, "a master that is cut off accepts no writes after min-replicas-max-lag seconds")
	}
}

func (c *check) fsync() {
	add := c.of("appendfsync", "appendfsync always")
	value, ok := c.setting("appendfsync")
	what := "appendfsync " + value
	switch {
	case !ok:
		add(store.Unknown, what+"is unknown: CONFIG GET does not tell",
			"a crash may lose what was acknowledged in the last second")
	case value == "always":
		add(store.Good, "appendonly yes, "+what, "what was acknowledged survives a crash and a power cut")
	case value == "everysec":
		add(store.Limit, what, "a power cut loses the last second or two of acknowledged changes, revocations included")
	default:
		add(store.Limit, what, "a power cut loses what the system has not written yet, which may be half a minute")
	}
}

// setting returns a setting of one node, or false if the server does not tell.
func (c *check) setting(name string) (value string, ok bool) {
	reply, err := c.doer(c.ctx, "", "CONFIG", "GET", name)
	if err != nil {
		return "", false
	}
	var found any
	switch m := reply.(type) { // an array in RESP2; in RESP3 a map, of a type that the client chooses
	case []any:
		if len(m) == 2 {
			found = m[1]
		}
	case map[string]any:
		found = m[name]
	case map[any]any:
		found = m[name]
	case map[string]string:
		found = m[name]
	}
	value, err = text(found, nil)
	return value, err == nil
}

func (c *check) cluster() {
	add := c.of("cluster_state", "look at CLUSTER NODES and bring the missing nodes back")
	reply, err := text(c.doer(c.ctx, "", "CLUSTER", "INFO"))
	state := parseInfo(reply)["cluster_state"]
	switch {
	case err != nil && strings.Contains(err.Error(), "cluster support disabled"):
	case err != nil || state == "":
		c.of("cluster_state", "allow the Redis user CLUSTER INFO")(store.Unknown, "the state of the Cluster",
			"some sessions may be out of reach")
	case state == "ok":
		add(store.Good, "cluster_state ok", "every session is within reach")
	default:
		add(store.Danger, "cluster_state "+state, "nobody serves some of the slots, or any")
	}
}
