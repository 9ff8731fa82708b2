package cloakroom

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"coatcheck.dev/store"
	redisstore "coatcheck.dev/store/redis"
	"coatcheck.dev/store/redis/rueidisstore"
)

// redisTime is how long a connection to Redis may be silent when it has been asked something: a ping goes out each second.
const redisTime = 3 * time.Second

func (a *Address) redis(l *location) error {
	option := rueidis.ClientOption{
		Username: l.username(), Password: l.password(), InitAddress: l.withPort("6379"), ClientName: "coatcheck",
		ConnWriteTimeout: redisTime, DisableCache: true,
	}
	option.Dialer.Timeout, option.Dialer.KeepAlive = connectTime, time.Second
	if strings.HasPrefix(l.scheme, "rediss") {
		option.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	number := l.path
	_, kind, _ := strings.Cut(l.scheme, "+")
	switch kind {
	case "sentinel":
		option.InitAddress = l.withPort("26379")
		option.Sentinel.MasterSet, number, _ = strings.Cut(l.path, "/")
		option.Sentinel.Username, option.Sentinel.Password = l.take("sentinel-user"), l.take("sentinel-password")
		option.Sentinel.Dialer, option.Sentinel.TLSConfig = option.Dialer, option.TLSConfig
		if option.Sentinel.MasterSet == "" {
			return errors.New("it does not name the master")
		}
	case "cluster":
		option.ShuffleInit = true
	default:
		if option.ForceSingleClient = true; len(l.hosts) > 1 {
			return errors.New("it names several hosts: say redis+sentinel or redis+cluster")
		}
	}
	if number != "" {
		n, err := strconv.Atoi(number)
		if err != nil || n < 0 || n > 0 && kind == "cluster" {
			return fmt.Errorf("%q is no number of a database", number)
		}
		option.SelectDB = n
	}
	replicas, err := l.takeNumber("wait", 0, 100, 0)
	if err != nil {
		return err
	}
	patience, err := l.takeTime("wait-time", time.Second)
	if err != nil {
		return err
	}
	prefix := l.take("prefix")
	a.open = func(ctx context.Context, _ bool) (*Room, error) {
		return openRedis(ctx, option, func(c rueidis.Client) redisstore.Options {
			o := redisstore.Options{Prefix: prefix}
			if replicas > 0 {
				o.Durability = redisstore.Replicated(replicas, patience, rueidisstore.Pipeline(c))
			}
			return o
		})
	}
	return nil
}

func openRedis(ctx context.Context, option rueidis.ClientOption, options func(rueidis.Client) redisstore.Options) (*Room, error) {
	client, err := rueidis.NewClient(option) // it connects
	if err != nil {
		return nil, fmt.Errorf("connect to Redis: %w", mistaken(err))
	}
	s := rueidisstore.New(client, options(client))
	room := &Room{
		Store:   s,
		prepare: func(context.Context) error { return nil }, // there is nothing to make
		made:    func(context.Context) bool { return true },
		close:   func(context.Context) error { s.Close(); client.Close(); return nil },
	}
	room.check = func(ctx context.Context) ([]store.Finding, error) {
		findings, err := s.Check(ctx)
		for i, f := range findings { // which are worded for those who write Go
			findings[i].Fix = strings.ReplaceAll(f.Fix, "use Replicated", "let a write wait for them: wait=1 in the store's address")
		}
		return findings, mistaken(err)
	}
	room.server = func(ctx context.Context) (string, error) {
		findings, err := room.check(ctx)
		for _, f := range findings {
			if f.Name == "version" {
				return f.What, nil
			}
		}
		return "Redis", err // which may not be asked
	}
	if _, err := s.NotBefore(ctx); err != nil { // the first question, as a visitor would have it asked
		return nil, errors.Join(mistaken(err), room.close(ctx))
	}
	return room, nil
}

// mistaken says in front of a server's own words what is wrong with the address, if that kind of server does not belong there.
func mistaken(err error) error {
	if err == nil {
		return nil
	}
	const whichTLS = "look whether the server speaks TLS (rediss) or does not (redis)"
	for words, advice := range map[string]string{
		"unknown command 'SENTINEL'": "this is no Sentinel, name the Sentinels, whose port is 26379 as a rule",
		"unknown command 'EVAL":      "this is a Sentinel, as it seems, say redis+sentinel://",
		"No such master":             "the Sentinels watch no master of the name that stands behind the slash",
		"belongs to a Cluster":       "this is one node of a Cluster, say redis+cluster://",
		"deadline exceeded":          "there is no answer, " + whichTLS,
		"connection reset":           "it hangs up, " + whichTLS,
		"broken pipe":                "it hangs up, " + whichTLS,
		"EOF":                        "it hangs up, " + whichTLS,
	} {
		if strings.Contains(err.Error(), words) {
			return fmt.Errorf("%s: %w", advice, err)
		}
	}
	return err
}
