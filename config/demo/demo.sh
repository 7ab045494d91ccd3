#!/bin/bash
# Shows Tocsin end to end on a simulated township and judges the result: exit status 0 only if every sound loudspeaker was
# heard and exactly the broken ones of expected.txt failed, each for its reason. --keep leaves the township running.
# BUILD: folder of the programs; SOUND: a sound card (an ALSA name, such as default) that shall play it too.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
build=$(cd "$root" && cd "${BUILD:-build}" && pwd) || exit 2
sound=${SOUND:-}
keep=
case "${1:-}" in
--keep) keep=yes ;;
'') ;;
*) echo "usage: $0 [--keep]" >&2; exit 2 ;;
esac

village='' daemon='' dir=''

stop() { # pid name: asks it to end, waits at most 10 s for that
    [ -n "$1" ] || return 0
    kill -TERM "$1" 2>/dev/null
    for ((i = 0; i < 100; i++)); do
        kill -0 "$1" 2>/dev/null || break
        sleep 0.1
    done
    kill -0 "$1" 2>/dev/null && { echo "$2 did not end by itself and was killed" >&2; kill -KILL "$1"; }
    wait "$1" 2>/dev/null
}

# The daemon first: its last act is to silence the terminals, which must still be there for it.
clean_up() {
    trap '' INT TERM
    stop "$daemon" tocsind
    stop "$village" tocsin-village
    [ -n "$dir" ] || return
    find "$dir" -mindepth 1 -maxdepth 1 ! -name heard.wav ! -name '*.log' ! -name report.txt -exec rm -rf {} +
    echo "Kept in $dir, delete it when you like: heard.wav is the sound that was played, report.txt the table above;" \
        "tocsind.log and village.log are the logs."
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

die() {
    echo "demo: $*" >&2
    exit 1
}

fill() { # from to: replaces what stands between two @
    sed -e "s|@PLUGIN@|$build/libasound_module_pcm_tocsin.so|" -e "s|@FOLDER@|$dir|g" -e "s|@DIR@|$dir|g" \
        -e "s|@SLAVE@|${sound:+slave \"$sound\"}|" -e "s|@ID@|demo-$(date +%Y%m%d%H%M%S)|" \
        -e "s|@SENT@|$(date +%Y-%m-%dT%H:%M:%S%:z)|" -e "s|@EXPIRES@|$(date -d '+1 hour' +%Y-%m-%dT%H:%M:%S%:z)|" "$1" >"$2"
}

prepare() {
    dir=$(mktemp -d "${TMPDIR:-/tmp}/tocsin-demo.XXXXXX") || die "no temporary folder could be made"
    cp -r "$here"/. "$dir" || die "the demo's files could not be copied"
    fill "$here/asound.conf" "$dir/asound.conf"
    fill "$here/longtang.cap" "$dir/longtang.cap"
    export ALSA_CONFIG_PATH="$dir/asound.conf" TOCSIN_DATA="$build/share/tocsin" TOCSIN_SOCKET="$dir/tocsin.sock"
    export PATH="$build:$PATH"
    unset TOCSIN_URL TOCSIN_TOKEN_FILE
}

start_village() {
    local line=
    mkfifo "$dir/village.out" || die "no pipe could be made"
    exec 3<>"$dir/village.out"
    setsid tocsin-village --dir "$dir" "$dir/village.cfg" </dev/null >&3 2>"$dir/village.log" 3>&- &
    village=$!
    read -r -t 20 -u 3 line
    [ "$line" = ready ] || die "the simulated township did not start: $(tail -n 5 "$dir/village.log")"
}

start_daemon() {
    local said=
    setsid tocsind -c "$dir/site.cfg" </dev/null >"$dir/tocsind.log" 2>&1 3>&- &
    daemon=$!
    for ((i = 0; i < 200; i++)); do
        said=$(tocsin health 2>&1) && return
        kill -0 "$daemon" 2>/dev/null || die "the daemon ended: $(tail -n 10 "$dir/tocsind.log")"
        sleep 0.1
    done
    die "the daemon did not become ready within 20 s: $said"
}

# "terminal reason" of every terminal that was not heard, in order.
not_heard() {
    tocsin alert deliveries "$1" --csv | tr -d '\r' | awk -F, '
        NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
        $column["end"] != "heard" { print $column["terminal"], $column["reason"] }' | sort
}

judge() { # id: one line; true if all came as expected
    local wanted got total all broken
    wanted=$(grep -v '^#' "$here/expected.txt" | sort)
    got=$(not_heard "$1") || return 1
    total=$(tocsin alert deliveries "$1" --csv | awk 'NR > 1' | wc -l)
    all=$(tocsin terminal list | awk 'NR > 1' | wc -l)
    broken=$(wc -l <<<"$wanted")
    if [ "$got" = "$wanted" ] && [ "$total" = "$all" ]; then
        echo "PROVED: $((total - broken)) of $total loudspeakers were heard, and exactly the $broken broken ones failed, each for" \
            "its own reason."
        return 0
    fi
    echo "NOT AS EXPECTED: of $all terminals $total were meant; not heard were: $(paste -sd ';' <<<"$got")" \
        "- expected were: $(paste -sd ';' <<<"$wanted")"
    return 1
}

show_places() {
    local port
    port=$(cat "$dir/state/port" 2>/dev/null)
    [ -n "$keep" ] || { echo "The township ends here; 'make run' does the same and leaves it running for you."; return; }
    echo "API: socket $dir/tocsin.sock${port:+, and http://127.0.0.1:$port with the token in $dir/state/token}"
}

wait_for_the_end() {
    trap 'exit $verdict' INT TERM # the usual ways to end it
    cat <<TEXT

The township is left running. In another terminal:
  export TOCSIN_SOCKET=$dir/tocsin.sock TOCSIN_DATA=$build/share/tocsin PATH=$build:\$PATH
  tocsin terminal list
  sed "s/<identifier>.*</<identifier>by-hand-\$(date +%s)</" $dir/longtang.cap | tocsin alert send - --watch
TEXT
    if [ -t 0 ]; then
        echo "Press Enter here to end it."
        read -r
    else
        echo "End it with Ctrl-C or SIGTERM to process $$."
        wait "$daemon"
    fi
}

echo "This is Tocsin: a warning becomes sound at every loudspeaker of a township, with proof from each one."
echo "A simulated township (青溪镇 Qingxi: 12 villages, 36 loudspeakers on 3 serial lines, 2 of them broken) receives a red"
echo "warning: Longtang reservoir releases water. Watch each loudspeaker being started and heard. It takes a minute and a half."
echo
prepare
start_village
start_daemon
tocsin alert send "$dir/longtang.cap" --watch
status=$?
[ $status -le 1 ] || die "the warning could not be sent or followed (status $status)"
identifier=$(sed -n 's|.*<identifier>\(.*\)</identifier>.*|\1|p' "$dir/longtang.cap") # others may have been sent meanwhile
id=$(tocsin alert list --json | python3 -c 'import json, sys
print(next(a["id"] for a in json.load(sys.stdin)["alerts"] if a["identifier"] == sys.argv[1]))' "$identifier")
tocsin report "$id" >"$dir/report.txt"
echo
judge "$id"
verdict=$?
show_places
[ -z "$keep" ] || wait_for_the_end
exit $verdict
