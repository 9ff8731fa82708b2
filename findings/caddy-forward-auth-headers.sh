#!/usr/bin/env bash
# Caddy 2.6.2 (Debian 12), forward_auth with copy_headers: two ways in which the app hears something else than the
# server that was asked has said.
#
# 1. A header that the server leaves out is not taken out of the request, and not left empty: the app gets the name of
#    Caddy's placeholder as its value.
# 2. A client that names a copied header in Connection has it dropped on the way to the app, because the proxy to the
#    app takes it for one of the client's connection, after it was copied. Whoever is signed in becomes nobody so.
#
# So a server has to send every header, empty or not, and the site has to take Connection out before it asks.
set -euo pipefail
cd "$(dirname "$0")"
. lib/debian.sh
debian caddy=2.6.2-5 curl

cat >"$room/Caddyfile" <<'CADDY'
{
	admin off
	auto_https off
}
http://127.0.0.1:18080 {
	forward_auth 127.0.0.1:18081 {
		uri /
		copy_headers X-User X-Role
	}
	reverse_proxy 127.0.0.1:18082
}
http://127.0.0.1:18081 {
	header X-User ada
	respond 204
}
http://127.0.0.1:18082 {
	respond "user={header.X-User} role={header.X-Role}"
}
CADDY
HOME=$room caddy run --config "$room/Caddyfile" --adapter caddyfile 2>"$room/log" &
caddy=$!
trap 'kill $caddy; rm -rf "$room"' EXIT
for _ in $(seq 100); do curl -s -o "$room/out" http://127.0.0.1:18082/ && break || sleep 0.1; done

saw "the server leaves X-Role out" "user=ada role={http.reverse_proxy.header.X-Role}" \
	"$(curl -s http://127.0.0.1:18080/)"
saw "the client sends Connection: X-User" "user= role={http.reverse_proxy.header.X-Role}" \
	"$(curl -s -H 'Connection: X-User' http://127.0.0.1:18080/)"
