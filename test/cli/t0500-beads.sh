#!/bin/bash
# The tracker Beads, by the stand-in for its program: a whole run, changes over time, claims at once.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/scene.sh"

python=$(command -v /usr/bin/python3 python3 | head -1)
[ "$python" ] || skip_all 'no python3'
export PATH=$GANGER_SOURCE/test/fake:$PATH
export BD_FAKE_LOG=$T/bd.log
b()
{
	BEADS_DIR=$T/repo/.beads bd "$@"
}

for version in 0.49.6 2.0.0; do
	export BD_FAKE_VERSION=$version
	rm -rf "$T/repo" "$XDG_STATE_HOME"
	repo
	the_agent
	: >"$T/ran"
	mkdir -p "$T/do"
	settings '{}'
	echo 'tracker: beads' >>ganger.yaml
	echo .beads >.gitignore
	git add -A && git commit -q -m settings
	epic=$(ganger add 'An epic')
	ok "$version: a store was made" test -e .beads/fake.json
	task one
	task two one
	go
	code_is 0 "$version: the epic is done"
	is "$(sed 's/ .*//' "$T/ran" | tr '\n' ' ')" 'one two ' "$version: in order"
	is "$(b export | jq -r 'select(.title == "one" or .title == "two") | .status + " " + .close_reason')" \
		$'closed completed\nclosed completed' "$version: bd has them closed"
done
export BD_FAKE_VERSION=1.0.5

# Changes over time.
fresh()
{
	rm -rf "$T/repo/.beads"
	epic=$(ganger add 'An epic')
	task a
	task b a
}
fresh
b close "${id[a]}" >/dev/null
b update "${id[a]}" --status open >/dev/null
run ganger plan "$epic"
code_is 0 'a plan of a store that changed'
not_ok 'closing what an open issue blocks is refused' b close "${id[b]}"
ok '… but not with --force' b close "${id[b]}" --force
not_ok 'an edge to itself is refused' b dep add "${id[a]}" "${id[a]}"
not_ok 'a cycle is refused' b dep add "${id[a]}" "${id[b]}"
ok 'one of two is closed: exit 0' b close "${id[a]}" "${id[b]}"
b update "${id[b]}" --status open >/dev/null
ok 'a claim' b update "${id[b]}" --claim --actor me
ok '… again by the same' b update "${id[b]}" --claim --actor me
not_ok '… not by another' b update "${id[b]}" --claim --actor you

# 8 at once on one issue; CLAIM_ROUNDS for more rounds than the few of every day.
rounds=${CLAIM_ROUNDS:-5} bad=0
for ((round = 0; round < rounds; round++)); do
	b update "${id[b]}" --status open --assignee= >/dev/null
	pids=() won=0
	for who in 1 2 3 4 5 6 7 8; do
		b update "${id[b]}" --claim --actor "w$who" >/dev/null 2>&1 &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid" && won=$((won + 1))
	done
	[ $won = 1 ] || bad=$((bad + 1))
done
is "$bad" 0 "8 at once, one has it, $rounds rounds"

# Without bd, an export is read and never changed.
b export >"$T/issues.jsonl"
run ganger -c "beads.path=$T/issues.jsonl" list
code_is 0 'an export can be read'
run ganger -c "beads.path=$T/issues.jsonl" add x
not_ok 'an export is not changed' [ "$code" = 0 ]
err_like 'only read' '… and it says why'
done_testing
