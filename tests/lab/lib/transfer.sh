# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Files sent over MPTCP from a client to the server. NAME stands for one transfer: the copy is copy-NAME,
# the kernel's figures as the server saw them report-NAME, as the client saw them sender-NAME.

TRANSFER_CONGESTION=cubic
TRANSFER_TIMEOUT=$((60 * LAB_SLOW))
TRANSFER_PORT=5001 # the next transfer's

# transfer_file_long MEGABYTES: the file to send while a test does something; more on a slow machine.
transfer_file_long() { transfer_file $(($1 * LAB_SLOW)); }

# transfer_file MEGABYTES: the file to send.
transfer_file() { head -c "${1}000000" /dev/urandom >"$LAB_DIR/file"; }

# transfer_server FAMILY: the server's address as xfer wants it, without the port.
transfer_server() {
	if [ "$1" = 6 ]; then echo "[$(lab_addr6 server)]"; else lab_addr4 server; fi
}

# transfer_prepare NAME [FAMILY]: starts the receiver; the sender's arguments are then in TRANSFER_ARGS.
transfer_prepare() {
	local name=$1 server any=0.0.0.0
	server=$(transfer_server "${2:-4}"):$TRANSFER_PORT
	[ "${2:-4}" = 4 ] || any="[::]"
	lab_spawn_in server "receive-$name" "$LAB_BUILD/xfer" receive "$any:$TRANSFER_PORT" \
		"$LAB_DIR/copy-$name" --once --report "$LAB_DIR/report-$name"
	lab_wait 5 lab_listens server "$TRANSFER_PORT" || lab_die "the receiver does not listen"
	TRANSFER_ARGS=("$TRANSFER_TIMEOUT" "$LAB_BUILD/xfer" send "$server" "$LAB_DIR/file"
		--congestion "$TRANSFER_CONGESTION" --report "$LAB_DIR/sender-$name")
	TRANSFER_PORT=$((TRANSFER_PORT + 1))
}

# transfer NAME [FAMILY [CLIENT [OPTION...]]]: sends the file and waits for it.
transfer() {
	transfer_prepare "$1" "${2:-4}"
	# In the foreground: ^C is to reach the sender too.
	lab_exec "${3:-client}" timeout --foreground "${TRANSFER_ARGS[@]}" "${@:4}" || return 1
	lab_wait 5 lab_dead "receive-$1"
}

# transfer_begin NAME [FAMILY [CLIENT]]: in the background, until transfer_end.
transfer_begin() {
	transfer_prepare "$1" "${2:-4}"
	lab_spawn_in "${3:-client}" "send-$1" timeout "${TRANSFER_ARGS[@]}"
}

# transfer_end NAME: waits for its end; did it succeed?
transfer_end() {
	lab_wait $((TRANSFER_TIMEOUT / LAB_SLOW)) lab_dead "send-$1" && lab_wait 5 lab_dead "receive-$1" &&
		[ -s "$LAB_DIR/sender-$1" ] && [ -s "$LAB_DIR/report-$1" ]
}

transfer_whole() { cmp "$LAB_DIR/file" "$LAB_DIR/copy-$1"; }

# transfer_report NAME FILTER [ARGS...]: jq on the server's report. The subflow from the client's own
# address is the direct one; what comes from elsewhere came by a relay.
transfer_report() {
	local name=$1 filter=$2 access
	shift 2
	access=$(lab_access)
	jq -r --arg v4 "$(lab_addr4 "$access"):" --arg v6 "[$(lab_addr6 "$access")]:" "$@" '
		def direct: .remote | startswith($v4) or startswith($v6);
		def carried(d): [.subflows[] | select(direct == d) | .received] | add // 0;
		def share(d): carried(d) * 100 / ([carried(true) + carried(false), 1] | max);
		'"$filter" "$LAB_DIR/report-$name"
}

# transfer_shared NAME [PERCENT]: both the direct path and the detours carried that share, at least.
transfer_shared() {
	# shellcheck disable=SC2016 # jq's variables
	transfer_report "$1" 'if share(true) >= $min and share(false) >= $min then empty
		else "direct \(share(true)) %, detour \(share(false)) %: \(.)\n" | halt_error end' \
		--argjson min "${2:-25}"
}
