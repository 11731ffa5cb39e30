# Runs a private PostgreSQL and outlives whoever started it just long enough to take everything away again.
# Standard input is a pipe held by pgdeck: when it closes, however pgdeck ended, the server is stopped and the
# folder removed. Arguments: folder to make, data folder, folder of the server programs, archive of a prepared
# data folder or '', words for initdb as one argument, then the arguments for postgres.
d=$1 data=$2 bin=$3 archive=$4 initdb=$5
shift 5
unset PGDECK_GUARD
# A build that was moved: what it loads while it runs (a standby's receiver) finds the library that came with it.
if [ -e "$bin/../lib/libpq.so.5" ]; then export LD_LIBRARY_PATH="$bin/../lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"; fi
umask 077
mkdir "$d" || exit 1
# handled, not ignored: what is ignored here would be ignored by the server too
trap : INT TERM HUP PIPE
exec 3<&0 </dev/null
echo made
if ! read -r _ <&3; then rm -rf "$d"; exit 1; fi

{
    # a line asks for a copy of the data as it is now; the end of the input for the end
    while read -r _ <&3; do
        : >"$d/pack"
        kill -INT "$(cat "$d/pid")"
    done
    : >"$d/stop"
    i=0
    while :; do
        i=$((i + 1)) signal=INT
        if [ $i -gt 100 ]; then signal=QUIT; fi
        if [ $i -gt 150 ]; then signal=KILL; fi
        p=$(cat "$d/pid")
        if [ -n "$p" ]; then kill -$signal "$p"; fi
        sleep 0.1 || sleep 1
    done
} >/dev/null 2>&1 &
watcher=$!

run() {
    if [ -e "$d/stop" ]; then return 1; fi
    "$@" >>"$d/log" 2>&1 3<&- &
    p=$!
    echo $p >"$d/pid"
    wait $p; s=$?
    while kill -0 $p 2>/dev/null; do wait $p; s=$?; done
    : >"$d/pid"
    return $s
}

prepare() {
    if [ -s "$data/PG_VERSION" ]; then return 0; fi
    if [ -n "$archive" ] && mkdir "$data" && run tar -xzf "$archive" -C "$data"; then return 0; fi
    rm -rf "$data"
    # shellcheck disable=SC2086 # words without spaces
    run "$bin/initdb" -D "$data" $initdb
}

prepare
s=$?
if [ $s = 0 ]; then
    if [ -d "$d/files" ]; then cp "$d"/files/* "$data"/; fi
    while :; do
        run "$bin/postgres" -D "$data" -k "$d" "$@"
        s=$?
        if [ ! -e "$d/pack" ]; then break; fi
        # level 1: it is the waiting that counts
        tar -C "$data" -cf - . | gzip -1 >"$d/packing" && mv "$d/packing" "$d/packed"
        rm -f "$d/pack" "$d/packing"
    done
fi
kill $watcher 2>/dev/null
if [ ! -e "$d/stop" ]; then tail -n 5 "$d/log" >&2; fi
rm -rf "$d"
exit $s
