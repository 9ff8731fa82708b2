// Package cloakroom opens the place where the coats hang: the store that --store names.
//
//	sqlite:PATH                                       a file on this machine
//	postgres://USER:PASSWORD@HOST:5432/DATABASE       PostgreSQL 13 or later
//	mysql://USER:PASSWORD@HOST:3306/DATABASE          MariaDB 10.6, MySQL 8.0, or later
//	redis://USER:PASSWORD@HOST:6379/0                 Redis 6.2 or Valkey; rediss:// speaks TLS, here and below
//	redis+sentinel://HOST:26379,HOST:26379/MASTER/0   the master of that name, as its Sentinels know it
//	redis+cluster://HOST:6379,HOST:6379               a Cluster, found from any of its nodes
//
// What else there is to say stands in the address's query, so that every command that takes an address takes it:
//
//	pool=16            connections that a node makes at most (PostgreSQL, MySQL)
//	listen=off         do not use LISTEN, which a pooler in between may not carry (PostgreSQL): news then takes up to 30 ms, and 33 questions a second
//	wait=1             a write counts when so many replicas have it (Redis); wait-time=1s is how long they may take
//	prefix=shop:       what the keys begin with (Redis); the default is coatcheck:
//	sentinel-user=, sentinel-password=                if the Sentinels want others than the master
//
// Whatever else the query has goes on to the driver of PostgreSQL or MySQL, such as sslmode=verify-full or tls=true.
//
// A password is never shown: not by [Address.String], and in no error.
package cloakroom
