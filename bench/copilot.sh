#!/bin/bash
# Many Copilot sessions at once through one server, on the real program and a model of our own.
#
#	bench/copilot.sh      SESSIONS=64
#
# Each session runs a command, then waits until all do, then writes a file and commits. Said are how long
# it took until all were under way and until all had landed, the most memory that the supervisor had
# (private: of the pages, those that are its own; anonymous), and what the server and the connectors
# have when all wait. Needs npm the first time (test/agents/install.sh).
set -eu
. "$(dirname "$0")/lib.sh"
sessions=${SESSIONS:-64}
cache=${GANGER_CACHE:-$(getent passwd "$(id -u)" | cut -d: -f6)/.cache/ganger-test}
bin=$(GANGER_CACHE=$cache "$bench_source/test/agents/install.sh" copilot)
export PATH=$bin:$PATH COPILOT_HOME=$bench_dir/copilot XDG_CACHE_HOME=$cache/xdg
repository=$bench_dir/repo

mkfifo "$bench_dir/model.out"
node "$bench_source/test/fake/fake-model.mjs" --port 0 >"$bench_dir/model.out" &
model=$!
sampler=
trap 'kill $model $sampler 2>/dev/null; bench_end' EXIT
read -r line <"$bench_dir/model.out"

git init -q -b main "$repository"
cd "$repository"
git config user.name Bench && git config user.email bench@example.invalid && git config gc.auto 0
cat >ganger.yaml <<END
agents:
  copilot:
    kind: copilot
    server: shared
    env: {COPILOT_OFFLINE: "true", COPILOT_PROVIDER_BASE_URL: "http://127.0.0.1:${line##* }/v1", COPILOT_MODEL: fake-model}
limits: {max_concurrent: $sessions, attempts: 1}
END
git add ganger.yaml && git commit -q -m start
epic=$("$GANGER" add 'Many sessions')
for ((i = 0; i < sessions; i++)); do
	"$GANGER" add "Session $i" --epic "$epic" --body "%%sh echo $i > $i.txt
%%sh touch $bench_dir/at.$i; until [ -e $bench_dir/go ]; do sleep 0.5; done
%%write two$i.txt two
%%sh git add -A && git commit -qm work
%%say done" >/dev/null
done
say_machine
began=$(date +%s%3N)
"$GANGER" run "$epic" --yes >"$bench_dir/log" 2>&1 &
run=$!

# The most that the supervisor has at any time, every 50 ms.
python3 - $run >"$bench_dir/memory" <<'EOP' &
import sys, time
most = {}
try:
    while True:
        with open(f"/proc/{sys.argv[1]}/smaps_rollup") as f:
            v = {k: int(n) for k, n in (line.split()[:2] for line in f.readlines()[1:])
                 if k in ("Private_Dirty:", "Private_Clean:", "Anonymous:", "Pss:")}
        v["private"] = v.pop("Private_Dirty:") + v.pop("Private_Clean:")
        for k, n in v.items():
            most[k] = max(most.get(k, 0), n)
        time.sleep(0.05)
except (OSError, IndexError, KeyError):
    pass
print(f"the supervisor at most: {most['private'] / 1024:.1f} MiB private, "
      f"{most['Anonymous:'] / 1024:.1f} MiB anonymous (wanted: below 16 MB)")
EOP
sampler=$!

pss_of()
{
	local p sum=0 n=0

	for p in /proc/[0-9]*; do
		{ tr '\0' ' ' <"$p/cmdline" | grep -Eq -- "$1"; } 2>/dev/null || continue
		grep -zqx "COPILOT_HOME=$COPILOT_HOME" "$p/environ" 2>/dev/null || continue
		sum=$((sum + $(awk '$1 == "Pss:" {print $2}' "$p/smaps_rollup")))
		n=$((n + 1))
	done
	echo "$((sum / 1024)) MiB in $n processes"
}

until [ "$(find "$bench_dir" -maxdepth 1 -name 'at.*' | wc -l)" = "$sessions" ]; do
	kill -0 $run 2>/dev/null || die "the run failed: $(tail "$bench_dir/log")"
	sleep 0.05
done
echo "$sessions sessions under way after $(($(date +%s%3N) - began)) ms"
echo "the server: $(pss_of '^[^ ]*(copilot|node [^ ]*copilot) --headless')"
echo "shims and connectors: $(pss_of '^[^ ]*ganger-shim')"
touch "$bench_dir/go"
let_go=$(date +%s%3N)
wait $run || die "the run failed: $(tail "$bench_dir/log")"
echo "all landed $(($(date +%s%3N) - let_go)) ms after they were let go"
wait $sampler || true
cat "$bench_dir/memory"
landed=$(git ls-tree --name-only "epic/$epic" | grep -c '^two')
[ "$landed" = "$sessions" ] || die "only $landed of $sessions landed"
