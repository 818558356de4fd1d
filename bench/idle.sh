#!/bin/bash
# A supervisor whose agents work: what it does meanwhile, and how soon it sees one of them end.
#
#	bench/idle.sh         TASKS=60 SECONDS_IDLE=10
#
# Ten agents wait. 'strace -f' looks at the supervisor for ten seconds: no system call is wanted.
# Then they are let go one by one; from the kernel's exit of the agent's process (its shim has to see
# that and to write it down first) to the supervisor's function that takes the event
# ('on_agent_ended', a uprobe), and to the turn being durable (the first 'core_take' after it), by
# perf. A tenth of a second before and after each nothing is done here. Between them, in the same
# way, 'relay': the same two hops among processes that do nothing else, which is what the machine
# takes. Needs strace and, for the second part, root and perf.
set -eu
. "$(dirname "$0")/lib.sh"
tasks=${TASKS:-60} idle=${SECONDS_IDLE:-10}
repository=$bench_dir/repo
make_waiting "$repository" "$tasks"
say_machine
"$GANGER" -C "$repository" run waiting --yes --max-concurrent 10 >"$bench_dir/log" 2>&1 &
run=$!
wait_started 10
sleep 3 # the files are written at most once a second

strace -f -p $run -o "$bench_dir/strace" 2>"$bench_dir/strace.err" &
strace=$!
sleep "$idle"
kill -INT $strace
wait $strace || true
[ -s "$bench_dir/strace.err" ] || die "strace did not attach"
# What its threads were blocked in when strace came and when it went is no call of these seconds.
calls=$(grep -vcE 'detached|unfinished' "$bench_dir/strace" || true)
echo "system calls of the idle supervisor, all threads, in $idle s: $calls (wanted: 0)"
grep -vE 'detached|unfinished' "$bench_dir/strace" | head -n 5 || true

probe()
{
	perf probe -q -x "$GANGER" "$@"
}

unprobe()
{
	perf probe -q -d 'probe_ganger:on_agent_ended' -d 'probe_ganger:core_take' 2>/dev/null || true
}

unprobe
if probe on_agent_ended && probe core_take; then
	perf record -q -a -o "$bench_dir/perf" -e probe_ganger:on_agent_ended \
		-e probe_ganger:core_take -e sched:sched_process_exit -- sleep 3600 &
	perf=$!
	sleep 1
else
	echo "no probes here: the time from exit to event is not measured"
	perf=
fi
mkfifo "$bench_dir/never"
pause() # without a process that would be in the way
{
	read -rt "$1" <>"$bench_dir/never" || true
}
for ((i = 0; i < tasks; i++)); do
	wait_started $((i + 1))
	id=$(grep ' start ' "$bench_dir/stamps" | sed -n "$((i + 1))s/ .*//p")
	pause 0.1
	release "$id"
	pause 0.1
	"$BENCH_TOOLS/relay" 1 100 >>"$bench_dir/relay"
done
wait $run || die "the run failed: $(tail "$bench_dir/log")"
[ "$perf" ] || exit 0
kill -INT $perf
wait $perf || true
perf script -i "$bench_dir/perf" -F comm,time,event,trace >"$bench_dir/events" 2>/dev/null
unprobe
python3 - "$bench_dir/events" "$bench_dir/relay" <<'EOP'
import re, statistics, sys
exits, ended, taken = [], [], []
for line in open(sys.argv[1]):
    m = re.search(r"(\d+\.\d+):\s+(\S+):", line)
    if not m:
        continue
    t = float(m.group(1)) * 1e3
    if "on_agent_ended" in m.group(2):
        ended.append(t)
    elif "core_take" in m.group(2):
        taken.append(t)
    elif "comm=stamp" in line:
        exits.append(t)
def after(times, t):
    return min((x for x in times if x >= t), default=None)
def p50_p90(v):
    v = sorted(v)
    return f"p50 {statistics.median(v):.2f} ms, p90 {v[len(v) * 9 // 10]:.2f} ms"
exits = [t for t in exits if after(ended, t)]
seen = [after(ended, t) - t for t in exits]
durable = [after(taken, after(ended, t)) - t for t in exits]
relay = [float(x) for x in open(sys.argv[2])]
print(f"exit of an agent to its event handled: {p50_p90(seen)}, {len(seen)} agents (wanted: p50 under 1 ms)")
print(f"a bare relay: {p50_p90(relay)}; ratio of p50 {statistics.median(seen) / statistics.median(relay):.2f}")
print(f"and to that being durable: {p50_p90(durable)}")
EOP
