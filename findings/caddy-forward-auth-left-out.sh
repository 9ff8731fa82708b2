#!/usr/bin/env bash
# Caddy 2.6.2 (Debian 12), forward_auth with copy_headers: a header that the server which was asked leaves out is not
# taken out of the request, and not left empty. The app gets the name of Caddy's placeholder as its value.
#
# So a server has to send every header, empty or not. Nor does the app hear of a copied header in every case: what a
# client may do about that is not shown here, and the file that coatcheck snippet caddy prints keeps it from doing so.
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
