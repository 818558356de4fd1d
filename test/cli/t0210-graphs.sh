#!/usr/bin/env bash
# Graphs: a chain, a diamond, 200 tasks, failures under both policies, the limit, a cycle.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/scene.sh"

# after A B: where A landed is an ancestor of the commit at which B's agent began.
after()
{
	git merge-base --is-ancestor "refs/ganger/$epic/${id[$1]}/1" \
		"$(git rev-list -1 "refs/ganger/$epic/${id[$2]}/1^")"
}

scene
task one
task two one
go
code_is 0 'a chain of two'
is "$(landings)" "${id[one]} ${id[two]}" 'lands in its order'
ok 'the second began with the first' after one two
nothing_left 'and nothing is left'

scene diamond
task top
task left top
task right top
task bottom left right
go
code_is 0 'a diamond'
for pair in 'top left' 'top right' 'left bottom' 'right bottom'; do
	ok "it is in order: $pair" after $pair
done
is "$(sorted_landings)" "$(printf '%s\n' "${id[@]}" | sort -n | paste -sd ' ')" 'each landed once'

# A failing task. 'apart' needs nothing of it.
for policy in hold skip; do
	scene "$policy"
	task fails
	task child fails
	task grandchild child
	task apart
	does fails 'exit 1'
	go -c "policy.failed_dependency=$policy" -c limits.attempts=2
	code_is 1 "$policy: exit 1"
	is "$(ran fails) $(ran child) $(ran grandchild) $(ran apart)" '2 0 0 1' \
		'what needs a failed task is not begun, the rest is'
	case $policy in
	hold) is "$(state child) $(state grandchild)" 'blocked blocked' 'it is held' ;;
	skip) is "$(state child) $(state grandchild)" 'skipped skipped' 'it is skipped' ;;
	esac
	like "$(why child)" "needs '${id[fails]}', which is failed" 'and says for what'
	does fails 'echo 1 >fails'
	run ganger retry "${id[fails]}"
	go -c "policy.failed_dependency=$policy"
	code_is 0 "$policy: after a retry all of it comes home"
	is "$(ran child) $(ran grandchild) $(ran apart)" '1 1 1' 'each once'
	nothing_left "$policy: nothing is left"
done

# A cycle: nothing is started.
scene cycle
cat >"$T/cycle.jsonl" <<'END'
{"id":"x-a","title":"a","status":"open","issue_type":"task","created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z","dependencies":[{"issue_id":"x-a","depends_on_id":"x-c","type":"blocks"}]}
{"id":"x-b","title":"b","status":"open","issue_type":"task","created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z","dependencies":[{"issue_id":"x-b","depends_on_id":"x-a","type":"blocks"}]}
{"id":"x-c","title":"c","status":"open","issue_type":"task","created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z","dependencies":[{"issue_id":"x-c","depends_on_id":"x-b","type":"blocks"}]}
{"id":"x-free","title":"free","status":"open","issue_type":"task","created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z"}
END
epic=circle
run ganger import beads "$T/cycle.jsonl" --epic circle
go
code_is 3 'a cycle: exit 3'
for title in a b c; do
	err_like "x-$title" "it names $title"
done
is "$(cat "$T/ran" | wc -l)" 0 'nothing was started'
not_ok 'no epic branch was made' git rev-parse -q --verify "epic/$epic"
run ganger plan "$epic" --json
code_is 3 'plan says so, too'
is "$(jq -c '.cycles[] | sort' "$T/out")" \
	'["x-a","x-b","x-c"]' 'with its members'
nothing_left 'nothing is left of it'

# 200 tasks in ten layers, each needing two of the layer before.
scene many
{
	echo '# Many'
	for n in $(seq 1 200); do
		echo "- [ ] t$n"
		[ "$n" -le 20 ] || echo "  after: $((n - 20)), $((n - 21 + (n % 20 == 1 ? 20 : 0)))"
	done
} >"$T/plan.md"
epic=$(ganger import markdown "$T/plan.md" 2>"$T/err")
WAIT_S=100 go --max-concurrent 20 --json
code_is 0 '200 tasks come home'
is "$(jq -c '[.status, .total, .completed, .merged, .attempts]' "$T/out")" \
	'["done",200,200,200,200]' 'all of them, each in one attempt'
is "$(cut -d' ' -f1 "$T/ran" | sort | uniq -d)" '' 'no agent ran twice'
is "$(landings | tr ' ' '\n' | sort | uniq -c | awk '$1 == 1' | wc -l)" 200 'each landed once'
ganger status "$epic" --json | jq -r '.tasks[] | "\(.id) \(.title)"' >"$T/titles"
jq -r '.dag.edges[] | "\(.from) \(.to)"' "$(epic_dir)/swarm-progress.json" >"$T/edges"
git log --first-parent --reverse --format='%(trailers:key=Ganger-Task,valueonly,separator=)' "main..epic/$epic" |
	awk 'NR == FNR { at[$1] = NR; next } at[$1] >= at[$2] { bad++ } END { print FNR, bad + 0 }' - "$T/edges" >"$T/order"
is "$(cat "$T/order")" '360 0' 'in an order that the 360 edges allow'
nothing_left 'and nothing is left'

# The limit, as the agents see it: they count themselves under a lock.
scene limit
{
	echo '# Apart'
	for n in $(seq 1 25); do
		echo "- [ ] t$n"
	done
} >"$T/plan.md"
epic=$(ganger import markdown "$T/plan.md" 2>"$T/err")
program agent <<'END'
#!/bin/bash
count()
{
	exec 8>"$T/lock" && flock 8
	n=$(($(cat "$T/live") + $1)) && echo $n >"$T/live" && echo $n >>"$T/counts"
	exec 8>&-
}
count 1
# The first ten see each other, so that ten at once is not only allowed, but so.
[ "$(wc -l <"$T/counts")" -gt 10 ] || flock -s "$T/gate" true
echo 1 >"$GANGER_TITLE"
count -1
END
echo 0 >"$T/live"
: >"$T/counts"
hold
start --json -c limits.max_concurrent=10
ok 'ten begin' wait_lines "$T/counts" 10
release
ended
code_is 0 'origins 4b-1: 25 issues at limit 10: all of them are done'
is "$(jq -c '[.total, .completed, .merged]' "$T/out")" '[25,25,25]' '25 done'
is "$(sort -n "$T/counts" | tail -n 1)" 10 'origins 4b-2: never more than 10 at once'
is "$(cat "$T/live")" 0 'all have ended'
done_testing
