#!/usr/bin/env bash
# The check of what is to land: run again after red, what is flaky is said with both logs.
. "$(dirname "$0")/lib.sh"
repo

cat >ganger.yaml <<END
agents: {it: {command: ["$T/bin/agent"], env: {T: "$T"}}}
queue:
  retries: 1
  check: |
    test ! -e flaky || test -e $T/seen || { : >$T/seen; echo first; exit 1; }
    echo second
END
program agent <<'END'
#!/bin/sh
exit 1
END
git add . && git commit -qm settings

# branch NAME FILE...: files on top of main, and back.
branch()
{
	local name=$1 file
	shift
	git switch -q -C "$name" main || return
	for file; do
		mkdir -p "$(dirname "$file")" && echo "$name" >"$file" && git add "$file"
	done
	git commit -qm "$name" && git switch -q main
}

landings()
{
	git log --reverse --first-parent --format='%s' "main..epic/$epic" | sed 's/ (#.*//' | paste -sd ' '
}

epic=flakes
branch steady steady
branch shaky flaky
ganger submit --epic "$epic" steady shaky >/dev/null 2>&1
run ganger run "$epic"
code_is 0 'what is red, then green on one tree lands'
is "$(landings)" 'steady shaky' 'as the green of the other'
tree=$(git rev-parse "epic/$epic^{tree}" | cut -c 1-12)
run ganger report
out_like "shaky: the check was red 1 time, then green on tree $tree" 'it is reported as flaky'
unlike "$(grep 'steady: the check' "$T/out")" . 'the steady one is not'
mapfile -t logs < <(sed -n "s/^ *less \\(.*-$tree-.\\.log\\)$/\\1/p" "$T/out")
is "${#logs[@]}" 2 'with a log of each run'
is "$(cat "${logs[@]}" | paste -sd ' ')" 'first second' 'which are both kept'

rm "$T/seen"
epic=strict
ganger submit --epic "$epic" shaky >/dev/null 2>&1
run ganger -c queue.flaky=fail run "$epic"
code_is 1 'where it is to fail, it does not land'
is "$(landings)" '' 'at all'
run ganger status
out_like 'it is flaky, red and then green on the same tree' 'which is said'

rm -f "$T/seen"
epic=once
branch other flaky other
ganger submit --epic "$epic" other >/dev/null 2>&1
run ganger -c queue.retries=0 run "$epic"
code_is 1 'without retries the first red counts'

# Several checks: those whose paths a landing does not touch are left out, and it says so.
cat >ganger.yaml <<END
agents: {it: {command: ["$T/bin/agent"], env: {T: "$T"}}}
queue:
  check:
    unit: echo unit >>$T/ran
    src: {run: 'echo src >>$T/ran; test ! -e src/bad', paths: ['src/**']}
END
ran()
{
	paste -sd ' ' "$T/ran" 2>/dev/null
	rm -f "$T/ran"
}
epic=named
branch doc readme
branch code src/good
ganger submit --epic "$epic" doc code >/dev/null 2>&1
run ganger run "$epic"
code_is 0 'both pass what is about them'
is "$(ran)" 'unit src unit unit src' 'the base by all of them; the first is not tested by what is not about it'
run ganger report
out_like 'doc: .*, not tested by src' 'which the report says'
unlike "$(grep 'code: ' "$T/out")" 'not tested' 'of that one alone'

# What somebody pushed since the last landing was not tested by what it is about.
git switch -q -c by-hand "epic/$epic"
mkdir -p src && echo hand >src/hand && git add src && git commit -qm 'by hand'
git switch -q main
git update-ref "refs/heads/epic/$epic" by-hand
branch words notes
ganger submit --epic "$epic" words >/dev/null 2>&1
run ganger run "$epic"
code_is 0 'an entry lands on what somebody pushed'
is "$(ran)" 'unit src' 'by all that is about the two'
branch more notes-too
ganger submit --epic "$epic" more >/dev/null 2>&1
run ganger run "$epic"
is "$(ran)" unit 'which the next one need not'

epic=red
branch bad src/bad
mapfile -t id < <(ganger submit --epic "$epic" bad 2>/dev/null)
run ganger run "$epic"
code_is 1 'what fails a check does not land'
is "$(ran)" 'unit src unit src' 'each was run'
run ganger status
out_like "the check 'src' failed on the merged tree: exit code 1" 'it names the check'
ok 'each has its log' test -e "$(echo "$XDG_STATE_HOME"/ganger/*/"$epic"/agent-logs/"${id[0]}".gate-src.log)"

# A pass is kept: by tree and command, over the ends of runs.
run ganger retry "${id[0]}"
run ganger run "$epic"
code_is 1 'it is tried again'
is "$(ran)" src 'by what it has not passed alone'
run ganger retry "${id[0]}"
sed -i 's/echo unit/echo other/' ganger.yaml
run ganger run "$epic"
is "$(ran)" 'other src' 'and by what it has not been tested with'

done_testing
