#!/usr/bin/env bash
# queue.batch: entries tested together land together; a group that fails is taken apart until the
# culprit is known, and the others land.
. "$(dirname "$0")/lib.sh"
repo

cat >ganger.yaml <<END
agents: {it: {command: ["$T/bin/agent"], env: {T: "$T"}}}
queue:
  batch: 4
  check: |
    ls | grep -q entry || exit 0
    ls | grep entry | paste -sd ' ' >>$T/tested
    ! ls | grep -q bad && ! test -e entry-left -a -e entry-right
END
program agent <<'END'
#!/bin/sh
exit 1
END
git add . && git commit -qm settings

# submitted EPIC NAME...: a branch each, with a file of its name.
submitted()
{
	local name
	epic=$1
	shift
	: >"$T/tested"
	for name; do
		git switch -q -C "$name" main && echo "$name" >"entry-$name" && git add . &&
			git commit -qm "$name" && git switch -q main
	done
	ganger submit --epic "$epic" "$@" >"$T/ids" 2>/dev/null
}
tests()
{
	wc -l <"$T/tested" | tr -d ' '
}
landings()
{
	git log --reverse --first-parent --format='%s' "main..epic/$epic" | sed 's/ (#.*//' | paste -sd ' '
}

submitted whole one two three four
run ganger run "$epic"
code_is 0 'all of a group land'
out_like '  -  groups         what lands together is tested together: queue.batch$' \
	'that they are tested together is said'
like "$(ganger report "$epic")" '^What lands together is tested together: queue.batch is [0-9]+\.$' \
	'in the report, too'
is "$(landings)" 'one two three four' 'in their order, a commit each'
is "$(cat "$T/tested")" 'entry-four entry-one entry-three entry-two' 'after one test, of what the last is'
is "$(git log --first-parent --format='%(trailers:key=Ganger-Task,valueonly)' "main..epic/$epic" | grep -c .)" 4 \
	'each says whose it is'

submitted apart one two bad four
run ganger run "$epic"
code_is 1 'one of a group fails'
is "$(landings)" 'one two four' 'the others land'
is "$(tests)" 4 'after the group, its first half, the culprit, and the rest without it'
is "$(ganger status "$epic" --json | jq -r '.tasks[] | select(.state == "failed") | "\(.title): \(.reason)"')" \
	'bad: the check failed on the merged tree: exit code 1' 'the culprit is named'

# Two that fail only together: the second is what fails on what has landed.
submitted pair left right
run ganger run "$epic"
code_is 1 'two that do not go together'
is "$(landings)" left 'the first lands'
mapfile -t id <"$T/ids"
is "$(ganger status "$epic" --json | jq -r '.tasks[] | select(.state == "failed") | .reason')" \
	"the check failed on the merged tree: exit code 1; it passes without '${id[0]}', which landed before it" \
	'the second, which passes alone, is named with the first'
is "$(cat "$T/tested" | paste -sd ,)" 'entry-left entry-right,entry-left,entry-right' \
	'after the two, the first alone, and the second alone'

# A supervisor that dies while a group is tested: the next one lands it, and tests nothing twice.
cat >"$T/hang" <<END
ls | grep -q entry || exit 0
echo x >>$T/tested; echo here >$T/here; read -r line <$T/go
END
mkfifo "$T/here" "$T/go"
submitted killed one two three
"$GANGER" -c queue.check="sh $T/hang" run "$epic" >"$T/run.out" 2>&1 &
pid=$!
ok 'a group is tested' wait_line "$T/here"
kill -9 "$pid"
wait "$pid" 2>/dev/null
is "$(landings)" '' 'nothing has landed'
echo >"$T/go"
run ganger -c queue.check="sh $T/hang" run "$epic"
code_is 0 'it lands'
is "$(landings)" 'one two three' 'whole'
is "$(tests)" 1 'by the test that went on meanwhile'
run ganger replay "$(echo "$XDG_STATE_HOME"/ganger/*/"$epic"/journal.db)"
code_is 0 'the journal replays'
done_testing
