# What the measuring scripts share. They run on a tmpfs, so that the disk decides nothing, and
# both sides of a comparison use the same repository settings: gc.auto=0 and the same core.fsync.
#
#	GANGER      the program to measure (build/ganger)
#	BENCH_DIR   a folder on a tmpfs (/dev/shm)
#	KEEP=1      leave the files there
#	BENCH_RT=1  everything as real-time processes (root): both sides of a comparison run before
#	            whatever else the machine does, so that only what is measured decides

bench_source=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
: "${GANGER:=$bench_source/build/ganger}"
: "${BENCH_TOOLS:=$(dirname "$GANGER")/bench}"
if [ "${BENCH_RT:-}" ] && [ ! "${BENCH_RT_ON:-}" ]; then
	BENCH_RT_ON=1 exec chrt -f 1 bash "$0" "$@"
fi
bench_dir=$(mktemp -d "${BENCH_DIR:-/dev/shm}/ganger-bench.XXXXXX")
export HOME=$bench_dir/home XDG_STATE_HOME=$bench_dir/state XDG_CONFIG_HOME=$bench_dir/config
export GIT_CONFIG_NOSYSTEM=1 LC_ALL=C.UTF-8 TZ=UTC
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE XDG_RUNTIME_DIR
mkdir "$HOME"

bench_end()
{
	local status=$?

	cd /
	if [ "${KEEP:-}" ]; then
		echo "kept: $bench_dir" >&2
	else
		rm -rf "$bench_dir"
	fi
	exit $status
}
trap bench_end EXIT
trap 'exit 130' INT TERM

die()
{
	echo "error: $*" >&2
	exit 1
}

# make_repository FOLDER: 50 files in ten folders, one commit, and the settings of both sides.
make_repository()
{
	local i

	git init -q -b main "$1"
	git -C "$1" config user.name Bench
	git -C "$1" config user.email bench@example.invalid
	git -C "$1" config gc.auto 0
	git -C "$1" config maintenance.auto false
	git -C "$1" config core.fsync committed,loose-object,reference
	for i in {0..49}; do
		mkdir -p "$1/src$((i % 10))"
		printf 'line %d of the file\n' {1..60} >"$1/src$((i % 10))/file$i.txt"
	done
	git -C "$1" add -A
	git -C "$1" commit -q -m start
}

# What was measured, and where: the first lines of every result.
say_machine()
{
	local cpu

	[ ! "${BENCH_RT:-}" ] || echo "real-time: everything measured runs under SCHED_FIFO"

	cpu=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | sort -u | head -n 1)
	echo "machine: $(nproc) CPUs${cpu:+ ($cpu)}, Linux $(uname -r), $(git --version)," \
		"load before: $(cut -d ' ' -f 1-3 /proc/loadavg)"
	echo "tree: $("$GANGER" version | head -n 1)," \
		"commit $(git -C "$bench_source" rev-parse --short HEAD 2>/dev/null || echo unknown)"
}

# ---- the real epic ----

real_tasks=1473 real_edges=234
real_agent='echo "$GANGER_TASK" >>"$GANGER_TASK.txt" && git add -A && git commit -q -m "$GANGER_TASK"'

# Where the export is; it is not part of the repository.
find_beads()
{
	beads=${GANGER_SHARED:-}/data/beads/beads-3003.jsonl
	[ "${GANGER_SHARED:-}" ] && [ -r "$beads" ] ||
		die "could not find beads-3003.jsonl: GANGER_SHARED names the folder that has data/beads"
}

# make_real_epic FOLDER JOBS: a repository with the epic imported, and its waves in FOLDER.waves.
make_real_epic()
{
	make_repository "$1"
	{
		echo 'agent: line'
		echo 'agents:'
		echo '  line:'
		echo "    command: '$real_agent'"
		echo 'limits:'
		echo "  max_concurrent: $2"
	} >"$1/ganger.yaml"
	"$GANGER" -C "$1" import beads "$beads" --reopen --epic real >"$1.import" 2>&1 ||
		die "the import failed: $(cat "$1.import")"
	"$GANGER" -C "$1" plan real --json >"$1.plan" || die "the plan failed"
	python3 - "$1.plan" >"$1.waves" <<'EOP'
import json, sys
for wave in json.load(open(sys.argv[1]))["waves"]:
    print(*wave)
EOP
}

# Everything of the user's that a run must leave alone: files, index, HEAD, configuration.
checkout_sum()
{
	(
		cd "$1" || exit
		find . -path ./.git -prune -o -type f -print0 | sort -z | xargs -0 sha256sum
		sha256sum .git/index .git/HEAD .git/config
	) | sha256sum
}

# The processes that carry our folder in their environment, but for this script's own family.
processes_left()
{
	local p pid

	for p in /proc/[0-9]*; do
		pid=${p#/proc/}
		[ "$pid" = $$ ] || [ "$pid" = "$BASHPID" ] && continue
		grep -qz "^XDG_STATE_HOME=$bench_dir/state$" "$p/environ" 2>/dev/null || continue
		# A subshell that lists them is not one of them.
		[ "$(cut -d ' ' -f 4 "$p/stat" 2>/dev/null)" = "$BASHPID" ] && continue
		echo "$pid $(tr '\0' ' ' <"$p/cmdline")"
	done 2>/dev/null
}

# ---- agents that wait ----

# make_waiting FOLDER N [FIRST]: a repository with N tasks in epic 'waiting', each with an agent that
# waits until the name of its task in $bench_dir/fifo is opened and closed (release).
make_waiting()
{
	local i

	make_repository "$1"
	mkdir "$bench_dir/fifo"
	: >"$bench_dir/stamps"
	cat >"$1/ganger.yaml" <<EOY
agent: stamp
agents:
  stamp:
    command: ["$BENCH_TOOLS/stamp", "$bench_dir/stamps", "$bench_dir/fifo"]
EOY
	{
		echo '# waiting'
		for ((i = 1; i <= $2; i++)); do
			echo "- [ ] task $i"
		done
	} >"$bench_dir/plan.md"
	"$GANGER" -C "$1" import markdown "$bench_dir/plan.md" --epic waiting >/dev/null 2>&1 ||
		die "the import failed"
	"$GANGER" -C "$1" plan waiting --json | python3 -c '
import json, os, sys
for i in json.load(sys.stdin)["ready"]:
    os.mkfifo(sys.argv[1] + "/" + i)' "$bench_dir/fifo"
}

# wait_started N: until N agents have begun.
wait_started()
{
	local until=$((EPOCHSECONDS + 120))

	while [ "$(grep -c ' start ' "$bench_dir/stamps")" -lt "$1" ]; do
		[ $EPOCHSECONDS -lt $until ] || die "only $(grep -c start "$bench_dir/stamps") agents began"
		sleep 0.02
	done
}

release()
{
	: >"$bench_dir/fifo/$1"
}
