#!/usr/bin/env bash
# Beads' own program: absent, hanging, refusing, of another version.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/scene.sh"

python=$(command -v /usr/bin/python3 python3 | head -1)
[ "$python" ] || skip_all 'no python3'
plain=$PATH
export PATH=$GANGER_SOURCE/test/fake:$PATH
b()
{
	BEADS_DIR=$PWD/.beads bd "$@"
}

scene
echo 'tracker: beads' >>ganger.yaml
echo .beads >.gitignore
git add -A && git commit -q -m settings

# What bd refuses is shown in its words, by each version in its own way.
for version in 0.49.6 1.0.5 2.0.0; do
	export BD_FAKE_VERSION=$version
	rm -rf .beads
	epic=$(ganger add 'An epic')
	task one
	task two one
	run ganger edit "${id[one]}" --after "${id[two]}"
	not_ok "$version: a cycle is refused" [ "$code" = 0 ]
	err_like 'bd dep: cannot add dependency: would create a cycle' "$version: … in the words of bd"
	run ganger close "${id[two]}"
	not_ok "$version: what an open issue blocks is not closed" [ "$code" = 0 ]
	err_like 'cannot close .*: blocked by open issues' "$version: … and why"
	err_like 'bd close .* --force' "$version: … and what to do"
	run ganger list "$epic" --json
	is "$(jq -r '.issues | map(.title + " " + .state) | sort | join(", ")' "$T/out")" 'one ready, two blocked' "$version: what is there is read"
done
unset BD_FAKE_VERSION

# Who is ready is what bd says, also where nothing that an export holds tells why.
says()
{
	BD_FAKE_READY=$1 ganger list "$epic" --json |
		jq -r '.issues | map(.title + " " + .state + " " + (.held // "")) | sort | join(", ")'
}
is "$(says '')" 'one held not among the ready ones, says bd, two blocked ' 'bd names nobody: what seemed free is held'
is "$(says "${id[one]} ${id[two]}")" 'one ready , two ready ' 'bd names both: what seemed to wait is free'
BD_FAKE_READY='' run ganger plan "$epic" --json
is "$(jq -c .ready "$T/out")" '[]' '… and a plan says the same'

# A probe has what agents have.
run ganger -c 'agents.it.probe=test "$BEADS_DIR" = "$GANGER_ROOT/.beads" -a "$BEADS_NO_DAEMON"' doctor --agent it --json
is "$(jq -r '.checks[]? | select(.check | test("probe")) | .result' "$T/out")" ok 'a probe reaches the store, as its agent does'

# An unmet wish of the store itself.
mkdir "$T/empty"
run ganger -c beads.path="$T/empty" list
not_ok 'a folder that is no store' [ "$code" = 0 ]
err_like "no beads database found" '… in the words of bd'

# Without bd the export is read, and nothing is changed.
b export >.beads/issues.jsonl
before=$(sha256sum .beads/*)
without()
{
	run env PATH="$plain" "$GANGER" "$@"
}
if PATH=$plain command -v bd >/dev/null; then
	skip 9 'there is a real bd'
else
	without list "$epic" --json
	is "$(jq -r '.issues | map(.title + " " + .state) | sort | join(", ")' "$T/out")" 'one ready, two blocked' 'without bd the export is read'
	without plan "$epic" --json
	is "$(jq -r '.ready | length' "$T/out")" 1 '… and planned'
	for command in 'add x' "close ${id[one]}" "edit ${id[one]} --title x" "comment ${id[one]} x"; do
		# shellcheck disable=SC2086
		without $command
		is "$code" 4 "without bd: '$command' is refused"
		err_like "cannot change issues in '.*issues.jsonl': there is no program 'bd'" '… and it says why'
	done
	without run "$epic"
	code_is 4 'without bd nothing is run'
	err_like "there is no program 'bd'" '… and it says why'
	is "$(cat "$T/ran")" '' 'no agent was started'
	is "$(sha256sum .beads/*)" "$before" 'no byte of the store was changed'
	rm .beads/issues.jsonl
	without list
	not_ok 'without bd and without an export' [ "$code" = 0 ]
	err_like "neither a program 'bd' nor an export '.*issues.jsonl'" '… it says both'
fi
done_testing
