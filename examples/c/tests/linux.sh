#!/usr/bin/env bash
# Runs the programs for Linux against each other and against `v2g`: on the loopback, and over simulated modems in network
# namespaces (root). `examples/c/run linux` builds them and starts this.
#
#   linux.sh FOLDER V2G    FOLDER has each program, and sanitized as NAME-asan; V2G is the program of this repository
#
# A program that hangs is ended, which is a failure.
set -euo pipefail
folder=$1 v2g=$2
readonly HUB=v2gc-hub
# Alone in the foreground: otherwise `timeout` sends SIGCONT after the signal, and that can undo the SIGSTOP with which the leak check of
# a program that is just ending waits for its threads, for ever.
readonly patiently=(timeout --foreground --kill-after=10 120)
readonly WATCHED=(valgrind --quiet --error-exitcode=9 --leak-check=full)
# What sanitizers find must not look like a session that went wrong, which is status 1.
export ASAN_OPTIONS=exitcode=99 LSAN_OPTIONS=exitcode=98

# Says something to a port of the loopback, and waits for the end.
readonly STRANGER='
import socket, sys, time
for _ in range(100):
    try:
        peer = socket.create_connection(("::1", int(sys.argv[1])))
        break
    except ConnectionRefusedError:
        time.sleep(0.1)
peer.sendall(bytes.fromhex(sys.argv[2]))
peer.shutdown(socket.SHUT_WR)
try:
    while peer.recv(4096):
        pass
except ConnectionResetError:
    pass'

fail() {
    printf '%s: FAILED, %s\n' "$1" "$2"
    printf -- '--- left\n'
    cat "$folder/left.log"
    printf -- '--- right\n'
    cat "$folder/right.log"
    exit 1
}

# pair NAME STATUSES LEFT... -- RIGHT...: both ends at the same time, which have to end with these statuses.
pair() {
    local name=$1 wanted=$2 left=() process first=0 second=0
    shift 2
    while [[ $1 != -- ]]; do
        left+=("$1")
        shift
    done
    shift
    "${patiently[@]}" "${left[@]}" >"$folder/left.log" 2>&1 &
    process=$!
    "${patiently[@]}" "$@" >"$folder/right.log" 2>&1 || second=$?
    # One that has lost its other end would wait for another.
    ((second == 0)) || kill "$process" 2>/dev/null || true
    wait "$process" || first=$?
    [[ "$first $second" == "$wanted" ]] || fail "$name" "statuses $first and $second"
}

# session NAME STATION... -- VEHICLE...: to SessionStopRes, at both ends.
session() {
    local name=$1 log
    pair "$name" '0 0' "${@:2}"
    for log in left right; do
        grep -q SessionStopRes "$folder/$log.log" || fail "$name" 'no SessionStopRes'
    done
    echo "$name: SessionStopRes"
}

# matching NAME CHARGER... -- VEHICLE...: both end in the same network.
matching() {
    local name=$1 left right
    pair "$name" '0 0' "${@:2}"
    left=$(grep -oE '(NID|network) [0-9a-f]{14}' "$folder/left.log") || fail "$name" 'no network'
    right=$(grep -oE '(NID|network) [0-9a-f]{14}' "$folder/right.log") || fail "$name" 'no network'
    [[ ${left##* } == "${right##* }" ]] || fail "$name" 'two networks'
    echo "$name: matched in ${left##* }"
}

on_the_loopback() {
    local secc=(lo --lab --once) evcc=(lo --lab --loops 5) service
    for service in dc-bpt dc; do
        session "secc_linux, sanitized, and v2g evcc, $service" "$folder/secc_linux-asan" "${secc[@]}" --service $service -- \
            "$v2g" evcc --iface lo --lab --service $service
        session "v2g secc and evcc_linux, sanitized, $service" "$v2g" secc --iface lo --lab --once --service $service -- \
            "$folder/evcc_linux-asan" "${evcc[@]}" --service $service
        session "secc_linux and evcc_linux, sanitized, $service" "$folder/secc_linux-asan" "${secc[@]}" --service $service -- \
            "$folder/evcc_linux-asan" "${evcc[@]}" --service $service
    done
    session 'secc_linux, sanitized, and v2g evcc, dc, the vehicle plans' "$folder/secc_linux-asan" "${secc[@]}" --service dc -- \
        "$v2g" evcc --iface lo --lab --service dc --mode scheduled
    # One at a time: both would keep each other waiting for longer than the standard allows.
    session 'secc_linux, under valgrind, and evcc_linux' "${WATCHED[@]}" "$folder/secc_linux" "${secc[@]}" -- \
        "$folder/evcc_linux" "${evcc[@]}"
    session 'secc_linux and evcc_linux, under valgrind' "$folder/secc_linux" "${secc[@]}" -- \
        "${WATCHED[@]}" "$folder/evcc_linux" "${evcc[@]}"
}

# Over TLS, with a PKI made for the occasion; and with a peer of another one, which is refused by name.
over_tls() {
    local ours=$folder/ours other=$folder/other secc evcc
    rm -rf "$ours" "$other"
    "$v2g" pki new "$ours" >/dev/null
    "$v2g" pki new "$other" --seed 5 >/dev/null
    secc=(lo --pki "$ours" --once) evcc=(lo --pki "$ours" --loops 5)
    session 'secc_linux, sanitized, and v2g evcc, TLS' "$folder/secc_linux-asan" "${secc[@]}" -- \
        "$v2g" evcc --iface lo --tls --pki "$ours" --service dc-bpt --loops 5
    session 'v2g secc and evcc_linux, sanitized, TLS' "$v2g" secc --iface lo --tls --pki "$ours" --once --service dc-bpt -- \
        "$folder/evcc_linux-asan" "${evcc[@]}"
    session 'secc_linux and evcc_linux, sanitized, TLS' "$folder/secc_linux-asan" "${secc[@]}" -- \
        "$folder/evcc_linux-asan" "${evcc[@]}"
    session 'secc_linux, under valgrind, and evcc_linux, TLS' "${WATCHED[@]}" "$folder/secc_linux" "${secc[@]}" -- \
        "$folder/evcc_linux" "${evcc[@]}"
    refused 'a charger of another PKI' 'no TLS with this charger' \
        "$folder/secc_linux-asan" lo --pki "$other" --once -- "$folder/evcc_linux-asan" "${evcc[@]}"
    refused 'a vehicle that wants TLS' 'no charger answered any of 50 requests' \
        "$folder/secc_linux-asan" lo --lab --once -- "$folder/evcc_linux-asan" "${evcc[@]}"
    pair 'no folder' '1 0' "$folder/secc_linux-asan" lo --pki "$folder/none" --once -- true
    grep -q 'there are no roots' "$folder/left.log" || fail 'no folder' 'no word of it'
    foreign_over_tls "$ours"
    rm -r "$ours" "$other"
}

# refused NAME WORDS CHARGER... -- VEHICLE...: the vehicle says these words, and gives up.
refused() {
    local name=$1 words=$2
    # The charger waits for another vehicle, or has counted this one as a failure.
    pair "$name" '1 1' "${@:3}"
    grep -q "$words" "$folder/right.log" || fail "$name" "not a word of '$words'"
    echo "$name: refused"
}

# What is no handshake, and one that never comes to an end.
foreign_over_tls() {
    local name
    name='no TLS where TLS is spoken'
    pair "$name" '1 0' "$folder/secc_linux-asan" lo --pki "$1" --once --port 50124 -- \
        python3 -c "$STRANGER" 50124 01fe800100000004ffffffff
    grep -q 'no TLS with this vehicle' "$folder/left.log" || fail "$name" 'no word of it'
    echo "$name: refused"
    name='half a handshake'
    pair "$name" '1 0' "$folder/secc_linux-asan" lo --pki "$1" --once --port 50124 -- \
        python3 -c "$STRANGER" 50124 1603010200
    grep -q 'no TLS with this vehicle' "$folder/left.log" || fail "$name" 'no word of it'
    echo "$name: refused"
}

# Somebody ends the program in the charge loop: the session ends in good order.
stopped() {
    local who=$1 first=0 second=0 charger vehicle
    # What an earlier session has left must not be taken for this one.
    : >"$folder/right.log"
    "$folder/secc_linux-asan" lo --lab --once >"$folder/left.log" 2>&1 &
    charger=$!
    "$folder/evcc_linux-asan" lo --lab --loops 1000000 >"$folder/right.log" 2>&1 &
    vehicle=$!
    for _ in {1..200}; do
        grep -q ChargeLoopRes "$folder/right.log" && break
        sleep 0.1
    done
    kill -TERM "${!who}"
    for _ in {1..300}; do
        kill -0 "$charger" 2>/dev/null || kill -0 "$vehicle" 2>/dev/null || break
        sleep 0.1
    done
    kill -KILL "$charger" "$vehicle" 2>/dev/null || true
    wait "$charger" || first=$?
    wait "$vehicle" || second=$?
    [[ "$first $second" == '0 0' ]] || fail "stopped at the $who" "statuses $first and $second"
    echo "stopped at the $who: ended as it should"
}

# A peer that says what it must not, or nothing, and goes. The station ends, and says that it was no session.
foreign() {
    local name=$1 octets=$2
    pair "$name" '1 0' "$folder/secc_linux-asan" lo --lab --once --port 50123 -- python3 -c "$STRANGER" 50123 "$octets"
    grep -q 'ended badly: cause' "$folder/left.log" || fail "$name" 'no end'
    echo "$name: refused"
}

with_strangers() {
    stopped charger
    stopped vehicle
    foreign 'what is no V2GTP' 474554202f20485454502f312e310d0a0d0a
    foreign 'what is no message' 01fe800100000004ffffffff
    foreign 'a part of a frame' 01fe8001000000
    foreign 'a frame that is too long' 01fe80017fffffff00
    foreign 'nothing' ''
    pair 'nobody there' '0 1' true -- "$folder/evcc_linux-asan" lo --lab
    grep -q 'no charger answered any of 50 requests' "$folder/right.log" || fail 'nobody there' 'no word of it'
    echo 'nobody there: given up'
}

down() {
    local host
    [[ -z ${modems:-} ]] || kill "$modems" 2>/dev/null || true
    for host in hub s0 c0; do
        ip netns delete "v2gc-$host" 2>/dev/null || true
    done
}

# A namespace for charger and vehicle, with one interface each, whose other end is in the namespace of the modems.
up() {
    local host
    down
    ip netns add "$HUB"
    for host in s0 c0; do
        ip netns add "v2gc-$host"
        ip link add "$host" netns "$HUB" type veth peer name plc netns "v2gc-$host"
        # Addresses of this end would only disturb the line, and nothing there fills in checksums.
        ip netns exec "$HUB" sh -c "echo 1 >/proc/sys/net/ipv6/conf/$host/disable_ipv6"
        ip -n "$HUB" link set "$host" up
        ip netns exec "v2gc-$host" ethtool -K plc tx off >/dev/null
        ip -n "v2gc-$host" link set plc up
    done
    for host in s0 c0; do
        for _ in {1..100}; do
            [[ $(ip -n "v2gc-$host" -6 addr show dev plc scope link) == *fe80* &&
                $(ip -n "v2gc-$host" -6 addr show dev plc scope link) != *tentative* ]] && break
            sleep 0.1
        done
    done
}

# Vehicle and charger find each other by SLAC, and charge over the network that they have found.
over_modems() {
    local s0=(ip netns exec v2gc-s0) c0=(ip netns exec v2gc-c0)
    up
    : >"$folder/modems.log"
    ip netns exec "$HUB" "$v2g" slac modem-sim --evse s0 --ev c0 --join 1000 >"$folder/modems.log" 2>&1 &
    modems=$!
    for _ in {1..100}; do
        [[ -s $folder/modems.log ]] && break
        sleep 0.1
    done
    matching 'slac_raw evse and v2g slac ev' "${s0[@]}" "$folder/slac_raw-asan" evse plc -- \
        "${c0[@]}" "$v2g" slac ev --iface plc --once --timeout 60
    matching 'v2g slac evse and slac_raw ev' "${s0[@]}" "$v2g" slac evse --iface plc --once --timeout 60 -- \
        "${c0[@]}" "$folder/slac_raw-asan" ev plc
    matching 'slac_raw and slac_raw, under valgrind' "${s0[@]}" "${WATCHED[@]}" "$folder/slac_raw" evse plc -- \
        "${c0[@]}" "${WATCHED[@]}" "$folder/slac_raw" ev plc
    matching 'slac_raw and slac_raw, sanitized' "${s0[@]}" "$folder/slac_raw-asan" evse plc -- \
        "${c0[@]}" "$folder/slac_raw-asan" ev plc
    session 'secc_linux and evcc_linux, on an interface' "${s0[@]}" "$folder/secc_linux-asan" plc --lab --once -- \
        "${c0[@]}" "$folder/evcc_linux-asan" plc --lab
    session 'secc_linux and v2g evcc, on an interface' "${s0[@]}" "$folder/secc_linux-asan" plc --lab --once -- \
        "${c0[@]}" "$v2g" evcc --iface plc --lab --service dc-bpt
    session 'v2g secc and evcc_linux, on an interface' "${s0[@]}" "$v2g" secc --iface plc --lab --once -- \
        "${c0[@]}" "$folder/evcc_linux-asan" plc --lab
    "$v2g" pki new "$folder/ours" >/dev/null
    session 'secc_linux and evcc_linux, on an interface, TLS' "${s0[@]}" "$folder/secc_linux-asan" plc --pki "$folder/ours" --once -- \
        "${c0[@]}" "$folder/evcc_linux-asan" plc --pki "$folder/ours"
    rm -r "$folder/ours"
    pair 'nobody at the cable' '0 1' true -- "${c0[@]}" "$folder/slac_raw-asan" ev plc --timeout 5
    echo 'nobody at the cable: given up'
}

((EUID == 0)) || { echo 'network namespaces need root'; exit 1; }
trap down EXIT
on_the_loopback
over_tls
with_strangers
over_modems
