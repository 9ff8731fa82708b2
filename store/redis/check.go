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

// A report is what a check has found, node by node in a Cluster.
type report []store.Finding

func (r *report) add(s store.Severity, name, what, means, fix string) {
	*r = append(*r, store.Finding{Severity: s, Name: name, What: what, Means: means, Fix: fix})
}

// ErrRefused says that a check has found what is dangerous; the error tells what.
var ErrRefused = errors.New("the server's settings are dangerous for sessions")

// Prepare finds out now what would fail later: it is Check for those who want no findings. What is dangerous is ErrRefused,
// unless [Options] allow it.
func (s *Store) Prepare(ctx context.Context) error {
	findings, err := s.Check(ctx)
	if err != nil {
		return err
	}
	return refusal(findings)
}

// Check implements [store.Checker]: it asks the server, in a Cluster every master, how it is set, and what that promises. The
// finding of the name "version" says which server it is. What the server does not tell is reported as unknown.
func (s *Store) Check(ctx context.Context) ([]store.Finding, error) {
	var r report
	infos, err := s.infos(ctx)
	if err != nil {
		return nil, explain(ctx, "check the server", err)
	}
	for _, in := range infos {
		s.checkNode(&r, in)
	}
	if len(infos) == 0 {
		r.add(store.Unknown, "INFO", "INFO may not be asked", "nobody can tell what this server promises", "let the Redis user run INFO")
	}
	s.checkConfig(ctx, &r, infos)
	s.checkCluster(ctx, &r, infos)
	return r, nil
}

func refusal(findings []store.Finding) error {
	var why []string
	for _, f := range findings {
		if f.Severity == store.Danger {
			why = append(why, fmt.Sprintf("%s: %s (%s)", f.What, f.Means, f.Fix))
		}
	}
	if len(why) == 0 {
		return nil
	}
	return fmt.Errorf("redisstore: check the server: %w: %s", ErrRefused, strings.Join(why, "; "))
}

// An info is what INFO says of one node.
type info map[string]string

// parseInfo passes over what the third version of the protocol puts before a text, and some clients leave there.
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

func (in info) node() string {
	if in["cluster_enabled"] == "1" {
		return " (the node on port " + in["tcp_port"] + ")"
	}
	return ""
}

// infos asks every node that has something of ours. It goes through a script, because a plain INFO goes to any node. Which
// node has answered tells its run_id.
func (s *Store) infos(ctx context.Context) ([]info, error) {
	first, err := text(s.run(ctx, infoScript, []string{s.switchesKey()}))
	if err != nil { // a script may have fewer rights
		first, err = text(s.door(ctx, "", "INFO"))
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
	err = each(shards, func(i int) error {
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

func (s *Store) checkNode(r *report, in info) {
	s.checkVersion(r, in)
	s.checkMemory(r, in)
	s.checkReplicas(r, in)
	switch {
	case in["aof_enabled"] == "1":
	case in["aof_enabled"] == "":
		r.add(store.Unknown, "appendonly", "whether there is an append-only file"+in.node(), "a crash may lose what was acknowledged", "appendonly yes")
	default:
		r.add(store.Limit, "appendonly", "appendonly no"+in.node(), "a crash or a power cut loses every change since the last snapshot: users are signed out, and revoked sessions come back",
			"appendonly yes")
	}
	if in["loading"] == "1" {
		r.add(store.Limit, "loading", "the server is loading its data"+in.node(), "sessions are unknown until it is done", "wait")
	}
}

func (s *Store) checkVersion(r *report, in info) {
	server, version := "Redis", in["redis_version"]
	if v := in["valkey_version"]; v != "" {
		server, version = "Valkey", v
	}
	major, rest, _ := strings.Cut(in["redis_version"], ".") // Valkey has that too, for the likes of us
	minor, _, _ := strings.Cut(rest, ".")
	x, err1 := strconv.Atoi(major)
	y, err2 := strconv.Atoi(minor)
	switch {
	case err1 != nil || err2 != nil:
		r.add(store.Unknown, "version", "the server's version"+in.node(), "the store needs the commands of Redis 6.2", "")
	case x < 6 || x == 6 && y < 2:
		r.add(store.Danger, "version", server+" "+version+in.node(), "the store needs the commands of Redis 6.2", "use Redis 6.2 or later, or Valkey")
	default:
		r.add(store.Good, "version", server+" "+version+in.node(), "it has all that the store needs", "")
	}
}

func (s *Store) checkMemory(r *report, in info) {
	policy := in["maxmemory_policy"]
	what := "maxmemory-policy " + policy + in.node()
	switch {
	case policy == "":
		r.add(store.Unknown, "maxmemory-policy", "the eviction policy"+in.node(), "a full server may delete sessions", "maxmemory-policy noeviction")
	case policy == "noeviction":
		r.add(store.Good, "maxmemory-policy", what, "a full server refuses new sessions and keeps what it has", "")
	case in.number("maxmemory") == 0:
		r.add(store.Limit, "maxmemory-policy", what+", with no maxmemory", "as soon as maxmemory is set, a full server deletes sessions", "maxmemory-policy noeviction")
	default:
		s.danger(r, "maxmemory-policy", s.options.AllowEviction, what, "a full server deletes sessions to make room; with allkeys also the switches that keep revoked ones out",
			"maxmemory-policy noeviction")
	}
}

// danger is refused unless an option allows it.
func (s *Store) danger(r *report, name string, allowed bool, what, means, fix string) {
	severity := store.Danger
	if allowed {
		severity = store.Limit
	}
	r.add(severity, name, what, means, fix)
}

func (s *Store) checkReplicas(r *report, in info) {
	n, has := int64(s.durability.replicas), in.number("connected_slaves")
	what := replicas(has) + in.node()
	switch {
	case in["role"] == "":
		r.add(store.Unknown, "replicas", "the server's replicas"+in.node(), "a failover may lose what was acknowledged", "")
	case in["role"] != "master":
		r.add(store.Danger, "replicas", "a replica"+in.node(), "it takes no writes, and its sessions are those of a moment ago", "connect to the master, through Sentinel or a Cluster client")
	case n > has:
		s.danger(r, "replicas", s.options.AllowFewReplicas, what, fmt.Sprintf("every write waits for %d of them, and fails", n), "bring the replicas back, or wait for fewer")
	case n == 0 && has > 0:
		r.add(store.Limit, "replicas", what+", and a write waits for none", "a failover loses the last writes that were acknowledged: users are signed out, and revoked sessions come back",
			"use Replicated")
	case n > 0 && n < has:
		r.add(store.Limit, "replicas", fmt.Sprintf("%s, and a write waits for %d", what, n), "a failover to another one than these loses the last writes", "wait for all of them, or see that a failover picks one that is up to date")
	case n > 0:
		r.add(store.Good, "replicas", fmt.Sprintf("%s, and a write waits for %d", what, n), "a failover to any of them loses nothing that was acknowledged", "")
	}
}

func replicas(n int64) string {
	if n == 1 {
		return "1 replica"
	}
	return fmt.Sprintf("%d replicas", n)
}

// checkConfig looks at what INFO does not tell.
func (s *Store) checkConfig(ctx context.Context, r *report, infos []info) {
	aof, replicas := false, false
	for _, in := range infos {
		aof = aof || in["aof_enabled"] == "1"
		replicas = replicas || in.number("connected_slaves") > 0
	}
	if aof {
		s.checkFsync(ctx, r)
	}
	if !replicas {
		return
	}
	switch value, ok := s.config(ctx, "min-replicas-to-write"); {
	case !ok:
		r.add(store.Unknown, "min-replicas-to-write", "min-replicas-to-write, because CONFIG GET may not be asked", "a master that is cut off may go on taking writes that will be lost", "min-replicas-to-write 1")
	case value == "0":
		r.add(store.Limit, "min-replicas-to-write", "min-replicas-to-write 0", "a master that is cut off from its replicas goes on taking writes, and loses them when it comes back as a replica",
			"min-replicas-to-write 1")
	default:
		r.add(store.Good, "min-replicas-to-write", "min-replicas-to-write "+value, "a master that is cut off stops taking writes, after min-replicas-max-lag seconds", "")
	}
}

func (s *Store) checkFsync(ctx context.Context, r *report) {
	switch value, ok := s.config(ctx, "appendfsync"); {
	case !ok:
		r.add(store.Unknown, "appendfsync", "appendfsync, because CONFIG GET may not be asked", "a crash may lose what was acknowledged in the last second", "appendfsync always")
	case value == "always":
		r.add(store.Good, "appendfsync", "appendonly yes, appendfsync always", "what was acknowledged survives a crash and a power cut", "")
	case value == "everysec":
		r.add(store.Limit, "appendfsync", "appendfsync everysec", "a power cut loses what was acknowledged in the last second or two, a revoke included", "appendfsync always")
	default:
		r.add(store.Limit, "appendfsync", "appendfsync "+value, "a power cut loses what the system had not written yet, which may be half a minute", "appendfsync always")
	}
}

// config returns a setting of one node, or false if that may not be asked.
func (s *Store) config(ctx context.Context, name string) (string, bool) {
	reply, err := s.door(ctx, "", "CONFIG", "GET", name)
	if err != nil {
		return "", false
	}
	switch m := reply.(type) { // an array in RESP2, and in RESP3 a map of the client's making
	case []any:
		if len(m) == 2 {
			value, err := text(m[1], nil)
			return value, err == nil
		}
	case map[string]any:
		value, err := text(m[name], nil)
		return value, err == nil
	case map[any]any:
		value, err := text(m[name], nil)
		return value, err == nil
	case map[string]string:
		return m[name], true
	}
	return "", false
}

func (s *Store) checkCluster(ctx context.Context, r *report, infos []info) {
	if len(infos) == 0 || infos[0]["cluster_enabled"] != "1" {
		return
	}
	reply, err := text(s.door(ctx, "", "CLUSTER", "INFO"))
	state := parseInfo(reply)["cluster_state"]
	switch {
	case err != nil || state == "":
		r.add(store.Unknown, "cluster_state", "the state of the cluster", "some sessions may be out of reach", "let the Redis user run CLUSTER INFO")
	case state == "ok":
		r.add(store.Good, "cluster_state", "cluster_state ok", "every session is within reach", "")
	default:
		r.add(store.Danger, "cluster_state", "cluster_state "+state, "some slots are served by nobody, or none is", "look at CLUSTER NODES and bring the missing nodes back")
	}
}
