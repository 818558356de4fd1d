#!/usr/bin/env bash
# What a run leaves for others: the files in its folder, the epic branch's commits, the results.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/scene.sh"
scene
task first
task second first
task fails
task held fails
does first 'echo "said by the first"; flock -s "$T/gate" true; echo 1 >first'
does fails 'echo "no compiler"; exit 3'
umask 022
hold
start -c limits.attempts=2 --json
ok 'an agent works' wait_file "$T/ran" '^first '
ok 'and another has failed twice' wait_file "$T/run.err" ' failed +exit 3'
dir=$(epic_dir)
ok 'which the progress file says' wait_json "$dir/swarm-progress.json" '"status":"failed"'

# While it runs.
file=$dir/swarm-pids.json
pid=$(sed -n 's/^first 1 \([0-9]*\) .*/\1/p' "$T/ran")
is "$(jq -c '[.agents[] | [.task, .attempt, .pid, .pgid, .log]]' "$file")" \
	"[[\"${id[first]}\",1,$pid,$pid,\"$dir/agent-logs/${id[first]}.log\"]]" \
	'swarm-pids.json names the live agent'
is "$(jq '.agents[0].start_time' "$file")" "$(sed 's/.*) //' "/proc/$pid/stat" | cut -d' ' -f20)" \
	'with its start time'
is "$(ganger status "$epic" --json | jq -c '.supervisor')" "{\"pid\":$supervisor,\"alive\":true}" \
	'status names the supervisor'
is "$(status '$t.first | [.state, .attempt, .session_state, .agent, .pid, .branch, .pr, .tokens, .cost_usd, .ended_at] | @json')" \
	"[\"working\",1,\"running\",\"it\",$pid,\"ganger/$epic/${id[first]}\",null,null,null,null]" \
	'and what is known of a task, null what is not'
like "$(status '$t.first.started_at')" '^20[0-9-]+T[0-9:.]+Z$' 'times are RFC 3339'
ok 'its worktree is there' test -d "$(status '$t.first.worktree')"
is "$(status '.stats | [.total, .working, .blocked, .failed, .queued, .merged, .closed] | @json')" \
	'[4,1,2,1,0,0,0]' 'the counts are right'
is "$(status '.queue | @json')" '[]' 'the queue is empty'
release
ended
code_is 1 'one task failed: exit 1'

# The result object, alone on standard output.
is "$(jq -c 'del(.duration_ms)' "$T/out")" \
	"$(jq -nc --arg e "$epic" '{epic: $e, status: "failed", total: 4, completed: 2, failed: 1, skipped: 0, merged: 2, failed_merges: 0, attempts: 4, tokens: {in: null, out: null}, cost_usd: null}')" \
	'the result object is alone on standard output'
like "$(jq .duration_ms "$T/out")" '^[0-9]+$' 'with its duration'

# swarm-progress.json at the end.
file=$dir/swarm-progress.json
is "$(jq -c '[.epicIssue, .epicBranch, .status]' "$file")" "[\"$epic\",\"epic/$epic\",\"failed\"]" \
	'swarm-progress.json says how it ended'
is "$(jq -c '.dag.edges' "$file")" \
	"[{\"from\":\"${id[first]}\",\"to\":\"${id[second]}\"},{\"from\":\"${id[fails]}\",\"to\":\"${id[held]}\"}]" \
	'it has the edges'
is "$(jq -c .stats "$file")" \
	'{"total":4,"completed":2,"inProgress":0,"failed":1,"blocked":1,"ready":0}' 'and true counts'
is "$(jq -c .failures "$file")" \
	"[{\"issue\":\"${id[fails]}\",\"reason\":\"exit 3: no compiler\",\"attempts\":2}]" \
	'and the failures'
is "$(jq -c '.dag.nodes[] | select(.title == "first") | [.issue, .status, .agentPid, .logFile, .attempts, .prNumber]' "$file")" \
	"[\"${id[first]}\",\"closed\",null,\"$dir/agent-logs/${id[first]}.log\",1,1]" 'a node a task'
is "$(jq -c '.dag.nodes[] | select(.title == "held") | [.status, .logFile, .attempts, .prNumber, .startedAt, .completedAt]' "$file")" \
	'["blocked",null,0,null,null,null]' 'what was not begun has nulls'
like "$(jq -r '[.startedAt, .updatedAt, (.dag.nodes[0] | .startedAt, .completedAt)][]' "$file" | sort -u | wc -l)" \
	'^[2-4]$' 'and times'
is "$(jq -c .agents "$dir/swarm-pids.json")" '[]' 'no agent is left in swarm-pids.json'

# Logs, by task and attempt.
is "$(cd "$dir/agent-logs" && printf '%s ' *)" \
	"$(printf '%s ' "${id[first]}.1.log" "${id[first]}.log" "${id[second]}.1.log" "${id[second]}.log" \
		"${id[fails]}.1.log" "${id[fails]}.2.log" "${id[fails]}.log" | tr ' ' '\n' | sort | paste -sd ' ') " \
	'agent-logs has a log a task, and one an attempt'
is "$(cat "$dir/agent-logs/${id[first]}.log")" 'said by the first' 'with what the agent said'

# Nobody else may read them.
is "$(find "$XDG_STATE_HOME/ganger" -type d ! -perm 0700 -printf '%m %p\n')" '' 'all folders are 0700'
is "$(find "$XDG_STATE_HOME/ganger" -type f ! -perm 0600 -printf '%m %p\n')" '' 'all files are 0600'
for file in journal.db reserve report.md swarm-pids.json swarm-progress.json; do
	ok "$file is there" test -s "$dir/$file"
done
ok 'issues.db is there' test -s "$dir/../issues.db"
is "$(find "$dir/job" -mindepth 1)" '' 'no job is left'

# The commits.
is "$(landings)" "${id[first]} ${id[second]}" 'the first-parent line has a commit a landing'
is "$(git log -1 --format='%(trailers:key=Ganger-Attempt,valueonly,separator=)' "epic/$epic")" 1 \
	'with the attempt'
like "$(git log -1 --format=%B "epic/$epic")" '^Closes #'"${id[second]}"'$' 'and what it closes'
ok 'the work is its ancestor' git merge-base --is-ancestor "refs/ganger/$epic/${id[second]}/1" "epic/$epic"
nothing_left 'nothing is left of the run'

# queue.method.
for method in squash rebase; do
	scene "$method"
	task two
	task more two
	does two 'echo 1 >a && git add a && git commit -qm "A"; echo 1 >b && git add b && git commit -qm "B"'
	go -c "queue.method=$method"
	code_is 0 "queue.method may be $method"
	is "$(git log --reverse --format=%P "main..epic/$epic" | grep -c ' ')" 0 'no commit is a merge'
	is "$(git log --format='%(trailers:key=Ganger-Task,valueonly,separator=)' "main..epic/$epic" | grep -c .)" 2 \
		'one commit a landing has the trailers'
	ok 'all is there' test "$(tree | grep -cx -e a -e b -e more)" = 3
done
is "$(git log --reverse --format=%s "main..epic/$epic" | paste -sd ' ' | grep -c '^A ')" 1 \
	'rebase keeps the commits'
done_testing
