#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Who has no good certificate gets no detour; connections go on without.
set -euo pipefail

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

lab --no-agent
refused() { # NAME: an agent with that certificate never gets a channel, and says why
	agent_start client || return 1
	! lab_wait 3 agent_connected client || return 1
	[ "$(relay_count relay leases)" = 0 ]
}
stop() { lab_kill client; }

# use NAME: the client's configuration names that certificate and key.
use() { sed -i "s|^Cert=.*|Cert=$1.crt|; s|^Key=.*|Key=$1.key|" "$LAB_DIR/client.conf"; }

# A certificate of the same CA that is over: openssl, because detour-pki makes none.
make_expired() {
	local base=$LAB_DIR/expired
	openssl ecparam -name prime256v1 -genkey -noout -out "$base.key"
	openssl req -new -key "$base.key" -subj /CN=expired -out "$base.csr"
	printf 'extendedKeyUsage=clientAuth\nbasicConstraints=CA:FALSE\n' >"$base.ext"
	faketime_sign "$base"
}
faketime_sign() {
	openssl ca -batch -notext -startdate 20200101000000Z -enddate 20210101000000Z \
		-config <(ca_config) -in "$1.csr" -out "$1.crt" -extfile "$1.ext"
}
ca_config() {
	cat <<-END
		[ca]
		default_ca=d
		[d]
		database=$LAB_DIR/expired.db
		new_certs_dir=$LAB_DIR
		serial=$LAB_DIR/expired.serial
		certificate=$LAB_DIR/pki/ca.crt
		private_key=$LAB_DIR/pki/ca.key
		default_md=sha256
		policy=p
		[p]
		commonName=supplied
	END
}

"$LAB_BUILD/detour-pki" --dir "$LAB_DIR/other" ca >/dev/null
"$LAB_BUILD/detour-pki" --dir "$LAB_DIR/other" client client >/dev/null
: >"$LAB_DIR/expired.db"
echo 77 >"$LAB_DIR/expired.serial"
make_expired >"$LAB_DIR/log/openssl" 2>&1 || { sed 's/^/# /' "$LAB_DIR/log/openssl"; exit 1; }
pki client revoked >/dev/null
pki revoke revoked >/dev/null
kill -HUP "$(lab_pid relay)" # it reads the CRL again

for kind in "another CA:$LAB_DIR/other/client:unknown|verif|CA" "expired:$LAB_DIR/expired:expired" \
	"revoked:$LAB_DIR/pki/revoked:revoked" "a relay's:$LAB_DIR/pki/relay:purpose|unsupported|certificate"; do
	IFS=: read -r name file why <<<"$kind"
	use "$file"
	check "$name: no channel, no lease" refused
	check "$name: the agent's log says why" grep -qiE "$why" "$LAB_DIR/log/client"
	stop
	: >"$LAB_DIR/log/client"
done

use "$LAB_DIR/expired"
agent_start client || true
transfer_file 1
check "connections work without a channel" transfer direct
check "whole" transfer_whole direct
stop

use "$LAB_DIR/pki/client"
check "the good certificate: a channel" agents_up
transfer_file 8
check "and a detour" transfer good
check "both paths carry" transfer_shared good

pki revoke client >/dev/null
kill -HUP "$(lab_pid relay)"
check "revoked while connected: the channel ends" sees 5 relay_down client relay
finish
