#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Who has no good certificate gets no detour; connections go on without.
set -euo pipefail

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

lab --no-agent
BAD=$LAB_DIR/bad # NAME.crt, NAME.key
mkdir "$BAD"

# ---- Certificates that must not do ---------------------------------------------------------

make_of_another_ca() {
	"$LAB_BUILD/detour-pki" --dir "$LAB_DIR/other" ca
	"$LAB_BUILD/detour-pki" --dir "$LAB_DIR/other" client stranger
	cp "$LAB_DIR"/other/stranger.{crt,key} "$BAD"
}

make_revoked() {
	pki client revoked
	cp "$LAB_DIR"/pki/revoked.{crt,key} "$BAD"
	pki revoke revoked
	kill -HUP "$(lab_pid relay)" # it reads the list again
}

ca_config() {
	cat <<-END
		[ca]
		default_ca=d
		[d]
		database=$BAD/db
		new_certs_dir=$BAD
		serial=$BAD/serial
		certificate=$LAB_DIR/pki/ca.crt
		private_key=$LAB_DIR/pki/ca.key
		default_md=sha256
		policy=p
		[p]
		commonName=supplied
	END
}

# Of the right CA, but over: by openssl, because detour-pki makes none.
make_expired() {
	: >"$BAD/db"
	echo 77 >"$BAD/serial"
	ca_config >"$BAD/ca.conf"
	printf 'extendedKeyUsage=clientAuth\nbasicConstraints=CA:FALSE\n' >"$BAD/extensions"
	openssl ecparam -name prime256v1 -genkey -noout -out "$BAD/expired.key" &&
		openssl req -new -key "$BAD/expired.key" -subj /CN=expired -out "$BAD/request" &&
		openssl ca -batch -notext -startdate 20200101000000Z -enddate 20210101000000Z \
			-config "$BAD/ca.conf" -in "$BAD/request" -out "$BAD/expired.crt" -extfile "$BAD/extensions"
}

# ---- The relay's judgement -----------------------------------------------------------------

# hears CERT-OPTIONS...: how many bytes the relay tells a client that does not judge itself.
hears() {
	lab_exec client timeout 3 openssl s_client -quiet -tls1_3 -alpn detour/1 -CAfile "$LAB_DIR/pki/ca.crt" \
		-connect "$(lab_addr4 relay):45672" "$@" </dev/null 2>/dev/null | wc -c
}
hears_something() { [ "$(hears "$@")" -gt 0 ]; }
hears_nothing() { [ "$(hears "$@")" = 0 ]; }

# ---- The agent's words ---------------------------------------------------------------------

# with NAME COMMAND...: while an agent with that certificate runs, or tries to.
with() {
	local status=0
	sed "s|^Cert=.*|Cert=$1.crt|; s|^Key=.*|Key=$1.key|" "$LAB_DIR/good.conf" >"$LAB_DIR/client.conf"
	: >"$LAB_DIR/log/client"
	agent_start client || true
	shift
	"$@" || status=1
	lab_kill client
	return "$status"
}

agent_says() { sees 5 grep -qiE "$1" "$LAB_DIR/log/client"; }
no_channel() { ! lab_wait 2 agent_connected client; }
no_lease() { [ "$(relay_count relay leases)" = 0 ]; }

make_bad() { make_of_another_ca && make_revoked && make_expired && cp "$LAB_DIR"/pki/relay.{crt,key} "$BAD"; }
cp "$LAB_DIR/client.conf" "$LAB_DIR/good.conf"
make_bad >"$E2E_OUTPUT" 2>&1 || { sed 's/^/# /' "$E2E_OUTPUT"; exit 1; }

# The proof that "hears nothing" can fail.
check "a good certificate hears the relay" hears_something -cert "$LAB_DIR/pki/client.crt" -key "$LAB_DIR/pki/client.key"
check "no certificate hears nothing" hears_nothing
for row in "stranger:another CA:another CA" "expired:expired:expired" "revoked:revoked:revoked" "relay:a relay's:not for this side"; do
	IFS=: read -r name kind words <<<"$row"
	check "$kind: hears nothing" hears_nothing -cert "$BAD/$name.crt" -key "$BAD/$name.key"
	check "$kind: the agent says so" with "$BAD/$name" agent_says "$words"
	check "$kind: no channel" with "$BAD/$name" no_channel
done
check "no lease was given" no_lease

transfer_file 1
check "connections work without a channel" with "$BAD/revoked" transfer direct
check "whole" transfer_whole direct

# ---- The good one, until it is revoked -----------------------------------------------------

cp "$LAB_DIR/good.conf" "$LAB_DIR/client.conf"
agents_up
transfer_file 8
check "the good certificate: a transfer" transfer good
check "both paths carry" transfer_shared good

no_leases() { [ "$(relay_count relay leases)" = 0 ]; }
check_not "while its certificate is good it has leases" no_leases
pki revoke client >/dev/null
kill -HUP "$(lab_pid relay)"
check "revoked while connected: the channel ends" sees 5 relay_down client relay
check "revoked while connected: the agent says so" agent_says revoked
check "revoked while connected: its leases are gone, long before LeaseGrace" sees 5 no_leases
finish
