#!/bin/bash
# A supervisor with a hundred agents that talk: what it takes of a core meanwhile.
#
#	bench/talk.sh         TALKS=100 SECONDS_TALKING=20
#
# Each agent is a stand-in for Claude Code that says a step each second, of three lines and some 3 KB,
# and asks each fifth time whether it may use a tool, for which it waits. The supervisor's own CPU time
# is taken from /proc, over the seconds in which all of them are at work; shims and agents have theirs.
set -eu
. "$(dirname "$0")/lib.sh"
talks=${TALKS:-100} for_s=${SECONDS_TALKING:-20}
repository=$bench_dir/repo
make_repository "$repository"
mkdir "$bench_dir/began"
mkfifo "$bench_dir/never"
cat >"$bench_dir/agent" <<'END'
#!/bin/bash
# usage: agent FOLDER
read -r line # initialize
read -r line # the prompt
: >"$1/began/$GANGER_TASK"
echo '{"type":"system","subtype":"init","session_id":"s","cwd":"'"$PWD"'","model":"m"}'
printf -v text '%1500s' ''
text=${text// /x}
exec 9<>"$1/never"
for ((i = 0; ; i++)); do
	echo '{"type":"assistant","message":{"content":[{"type":"text","text":"'"$text"'"}]}}'
	echo '{"type":"assistant","message":{"content":[{"type":"tool_use","id":"t'$i'","name":"Bash","input":{"command":"make"}}]}}'
	if [ $((i % 5)) = 0 ]; then
		echo '{"type":"control_request","request_id":"r'$i'","request":{"subtype":"can_use_tool","tool_name":"Bash","input":{"command":"make"}}}'
		read -r line
	fi
	echo '{"type":"user","message":{"content":[{"type":"tool_result","tool_use_id":"t'$i'","content":"'"$text"'"}]}}'
	read -r -t 1 -u 9 line
done
END
chmod +x "$bench_dir/agent"
cat >"$repository/ganger.yaml" <<EOY
agents: {it: {kind: claude, command: exec "$bench_dir/agent" "$bench_dir"}}
limits: {max_concurrent: $talks, grace: 200ms}
EOY
{
	echo '# talking'
	for ((i = 1; i <= talks; i++)); do
		echo "- [ ] task $i"
	done
} >"$bench_dir/plan.md"
"$GANGER" -C "$repository" import markdown "$bench_dir/plan.md" --epic talking >/dev/null 2>&1 ||
	die "the import failed"
say_machine
"$GANGER" -C "$repository" run talking --yes >"$bench_dir/log" 2>&1 &
run=$!
until=$((EPOCHSECONDS + 120))
while [ "$(ls "$bench_dir/began" | wc -l)" -lt "$talks" ]; do
	[ $EPOCHSECONDS -lt $until ] || die "only $(ls "$bench_dir/began" | wc -l) began: $(tail "$bench_dir/log")"
	sleep 0.1
done
sleep 2

# ticks: CPU time of the supervisor and how much it has read of what they said.
ticks()
{
	sed 's/.*) //' /proc/$run/stat | awk '{ print $12 + $13 }'
}

heard()
{
	cat "$XDG_STATE_HOME"/ganger/*/talking/agent-logs/*.events.jsonl | wc -c
}

before=$(ticks) said=$(heard)
sleep "$for_s"
after=$(ticks) said=$(($(heard) - said))
awk -v t=$((after - before)) -v hz="$(getconf CLK_TCK)" -v s="$for_s" -v n="$talks" -v b="$said" 'BEGIN {
	printf "%d agents that talk: %.1f %% of a core (wanted: under 5), %.0f KB/s of events\n", n, 100 * t / hz / s, b / s / 1000 }'
"$GANGER" -C "$repository" stop --now talking >/dev/null 2>&1 || "$GANGER" -C "$repository" stop --now >/dev/null 2>&1 || kill $run
wait $run || true
