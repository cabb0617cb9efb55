#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# detour-pki: what it makes, what it refuses, and that two at once do not disturb each other. TAP.
set -u

cd "$(dirname "$0")/../.." || exit 1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
count=0
failed=0

pki() {
	user/pki/detour-pki --dir "$dir/pki" "$@"
}

# check TEXT COMMAND...: the command succeeds.
check() {
	local text=$1
	shift
	count=$((count + 1))
	if "$@" >"$dir/said" 2>&1; then
		echo "ok $count - $text"
	else
		failed=1
		echo "not ok $count - $text"
		sed 's/^/# /' "$dir/said"
	fi
}

# refused TEXT PATTERN COMMAND...: the command fails, and says so in words.
refused() {
	local text=$1 pattern=$2
	shift 2
	check "$text" refuses "$pattern" "$@"
}

refuses() {
	local pattern=$1
	shift
	if "$@" >"$dir/refusal" 2>&1; then
		echo "was not refused"
		return 1
	fi
	grep -q -e "$pattern" "$dir/refusal" || {
		cat "$dir/refusal"
		return 1
	}
}

modes() {
	[ "$(stat -c %a "$dir/pki")" = 700 ] || return 1
	for key in ca fra anna; do
		[ "$(stat -c %a "$dir/pki/$key.key")" = 600 ] || return 1
	done
}

# The certificate's text has all these.
has() {
	local name=$1 text
	shift
	text=$(openssl x509 -in "$dir/pki/$name.crt" -noout -text) || return 1
	for word in "$@"; do
		grep -q -e "$word" <<<"$text" || {
			echo "no $word"
			return 1
		}
	done
}

listed() {
	pki list --json | grep -q -e "\"name\": \"$1\", \"status\": \"$2\""
}

verifies() {
	openssl verify -CAfile "$dir/pki/ca.crt" -CRLfile "$dir/pki/crl.pem" -crl_check "$@"
}

# Five at once wait for one another: all are made and listed, each with a serial number of its own.
at_once() {
	local number
	for number in 1 2 3 4 5; do
		pki client "many$number" &
	done
	wait
	for number in 1 2 3 4 5; do
		verifies "$dir/pki/many$number.crt" || return 1
	done
	[ "$(pki list | awk '/^many/ { print $4 }' | sort -u | wc -l)" = 5 ]
}

relay_revoked() {
	pki revoke fra | grep -q "take .relay fra. out"
}

no_litter() {
	! compgen -G "$dir/pki/.work.*"
}

words=(relay fra --address "192.0.2.1,relay.example.net" --address 2001:db8::1)
refused "no CA yet" "detour-pki ca" pki client anna
check "ca" pki ca
check "the CRL is there at once" openssl crl -in "$dir/pki/crl.pem" -noout
refused "a second ca" "has a CA already" pki ca
check "relay with addresses" pki "${words[@]}"
check "its names and purpose" has fra "DNS:fra, IP Address:192.0.2.1, DNS:relay.example.net" \
	"IP Address:2001:DB8" "TLS Web Server Authentication" "CA:FALSE" "Digital Signature" \
	"prime256v1"
check "client" pki client anna
check "its name and purpose" has anna "CN *= *anna" "TLS Web Client Authentication"
check "keys are root's alone" modes
check "the certificate is good" verifies "$dir/pki/anna.crt"
refused "a name that is there" "is there already" pki client anna
for name in '' '../x' 'A' '-x' '.x' 'a b' 'a/b' 'ca' 'index' "$(printf 'x%.0s' {1..64})"; do
	refused "name '$name'" "detour-pki: " pki client "$name"
done
refused "an address that is none" "neither an IP address" pki relay ams --address 'a;b'
refused "days that are none" "--days" pki client bob --days 1x
refused "no name" "takes one name" pki client
refused "an unknown command" "no such command" pki serve
refused "an unknown option" "no such option" pki --force ca
check "days" pki --days 1 client bob
check "listed as good" listed bob good
check "revoke" pki revoke bob
check "listed as revoked" listed bob revoked
check "its key is gone" test ! -e "$dir/pki/bob.key"
refused "revoked is not good" "revoked" verifies "$dir/pki"/revoked/bob-*.crt
refused "revoke a second time" "no certificate of 'bob'" pki revoke bob
check "the name may be given again" pki client bob
check "and is good" listed bob good
check "several at once" at_once
check "nothing is left lying about" no_litter
check "revoking a relay says what clients must do" relay_revoked
check "version" pki version
check "help" pki --help
echo "1..$count"
exit "$failed"
