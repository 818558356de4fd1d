#!/usr/bin/env bash
# A conflict goes to an agent: what it finds, what is made of what it leaves, and for how long.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/scene.sh"

# Two tasks that write the same file at the same time. Who comes second has a conflict, and then
# does what $T/resolve says.
two()
{
	scene "$1"
	task a
	task b
	mkfifo "$T/meet-$1"
	for title in a b; do
		does "$title" "if [ -e \"\$(git rev-parse --git-path MERGE_HEAD)\" ]; then
	. \"$T/resolve\"
elif [ \"\$GANGER_ATTEMPT\" = 1 ]; then
	[ $title = a ] && echo >'$T/meet-$1' || read -r _ <'$T/meet-$1'
	echo $title >both; echo $title >$title; git add -A; git commit -q -m 'Do $title'
else
	. \"$T/mend\"
fi"
	done
	echo 'exit 1' >"$T/mend"
}

resolver()
{
	cat >"$T/resolve"
}

# the_one STATE: who of the two is in it.
the_one()
{
	status '.tasks[] | select(.state == "'"$1"'") | .title'
}

two success
resolver <<'END'
cat >"$T/prompt"
cp both "$T/saw"
git rev-parse MERGE_HEAD "$GANGER_EPIC_BRANCH" >"$T/heads"
flock -s "$T/gate" true
printf 'a\nb\n' >both
END
before=$(checkout)
hold
start -c queue.check='ls; ! grep -q "<<<<" *'
ok 'a conflict goes to an agent' wait_file "$T/ran" ' 2 '
second=$(the_one resolving)
like "$second" '^[ab]$' 'which is said to resolve it'
like "$(cat "$T/run.out")" " ${id[$second]}  resolving " 'also while it runs'
release
ended
code_is 0 'and brings the epic home'
is "$(git show "epic/$epic:both")" $'a\nb' 'with what it made of it'
is "$(tree | paste -sd ' ')" 'README a b both ganger.yaml' 'and all of both'
is "$(ran a) $(ran b)" "$([ "$second" = a ] && echo '2 1' || echo '1 2')" 'in one attempt more'
like "$(cat "$T/saw")" '^<<<<<<< HEAD$' 'the conflict was written into the file'
like "$(cat "$T/saw")" '^\|\|\|\|\|\|\|' 'with what was there before'
is "$(sort -u "$T/heads" | wc -l)" 1 'the merge of the epic branch was in progress'
like "$(cat "$T/prompt")" '^both \(1 hunk\)$' 'the prompt names the file'
like "$(cat "$T/prompt")" "^[0-9a-f]+ Do $second\$" 'what the task did'
like "$(cat "$T/prompt")" '^[0-9a-f]+ [ab] \(#[0-9]+\)$' 'what landed'
is "$(landings | wc -w)" 2 'each landed once'
is "$(git log -1 --format='%(trailers:key=Ganger-Attempt,valueonly,separator=)' "epic/$epic")" 2 \
	'by its second attempt'
is "$(git rev-list --first-parent --count "main..epic/$epic")" 2 'one commit each'
like "$(cat "$(epic_dir)/agent-logs/${id[$second]}.gate.log")" '^both$' 'what it made was tested'
not_ok "git's own memory was left alone" test -e .git/rr-cache
is "$(checkout)" "$before" "the user's checkout is as it was"
nothing_left 'nothing is left'

for method in squash rebase; do
	two "$method"
	resolver <<<'printf "a\nb\n" >both; git add both; git commit -q --no-edit'
	go -c queue.method=$method
	code_is 0 "with $method, it lands"
	is "$(git show "epic/$epic:both")" $'a\nb' "with $method, what it made of it"
	is "$(git rev-list --merges --count "main..epic/$epic")" 0 "with $method, in a straight line"
done

# One that does not do it is tried again, and then a person is asked.
two fails
resolver <<'END'
[ "$GANGER_ATTEMPT" = 2 ] || { cp "$GANGER_FEEDBACK_FILE" "$T/feedback"; printf 'a\nb\n' >both; echo x >stray; }
END
go
code_is 3 'a conflict that is not resolved needs a person'
second=$(the_one conflicted)
is "$(ran "$second")" 3 'after queue.conflict_attempts more attempts'
like "$(why "$second")" 'not resolve it: .stray. was changed' 'the reason is what was wrong last'
like "$(cat "$T/feedback")" "conflict markers are left in 'both'" 'the second was told of the first'
is "$(git show "ganger/$epic/${id[$second]}:both")" "$second" 'its branch has the work as it was'
is "$(git rev-list --first-parent --count "main..epic/$epic")" 1 'nothing of it has landed'
run ganger report "$epic"
sed -n "/^- ${id[$second]} /,/^- \|^## /s/^      //p" "$T/out" >"$T/steps"
sed 's,^#.*,(cd ../*-'"${id[$second]}"' \&\& echo both >both),' "$T/steps" >"$T/do-steps"
(. "$T/do-steps") >"$T/out" 2>"$T/err" || note "$(cat "$T/steps" "$T/err")"
go
code_is 0 'and goes on from what the person did'
is "$(git show "epic/$epic:both") $(ran "$second")" 'both 3' 'without another attempt'

# None by setting.
two none
resolver <<<'echo never >"$T/never"'
go -c queue.conflict_attempts=0
code_is 3 'with queue.conflict_attempts 0 a person is asked at once'
not_ok 'and no agent' test -e "$T/never"

# Another agent for conflicts; the only other one does the tasks.
two other
program other <<<'#!/bin/sh
echo "$GANGER_TITLE" >>"$T/others"; printf "a\nb\n" >both'
cat >ganger.yaml <<END
agents:
  it: {kind: command, command: ["$T/bin/agent"], env: {T: "$T"}}
  resolver: {kind: command, command: ["$T/bin/other"], env: {T: "$T"}}
retry: {delay: 10ms}
END
go
code_is 0 'agents.resolver resolves it'
is "$(cat "$T/ran" | wc -l) $(cat "$T/others" | wc -l)" '2 1' 'and nothing else'
is "$(git show "epic/$epic:both")" $'a\nb' 'its merge landed'
run ganger replay "$(epic_dir)/journal.db"
code_is 0 'and is replayed alike' || note "$(cat "$T/out" "$T/err")"

# A person's branch: by an agent for conflicts, where there is one, and by no other.
scene people
program other <<'END'
#!/bin/sh
echo "$GANGER_TITLE" >>"$T/resolved"
git rev-parse --abbrev-ref HEAD >"$T/on"
[ ! -e "$T/refuse" ] || { echo stray >stray; exit 0; }
printf "left\nright\n" >both
END
for side in left right; do
	git switch -q -c $side main && echo $side >both && git add both && git commit -q -m $side &&
		git switch -q main
done
mapfile -t ids < <(ganger submit --epic "$epic" left right 2>/dev/null)
at=$(git rev-parse right)
rm -f "$T/resolved"
go
code_is 3 "a conflict of a person's branch is left to a person"
is "$(cat "$T/ran") $(state right)" ' conflicted' 'and no agent is started, for there is none for conflicts'
cat >ganger.yaml <<END
agents:
  it: {kind: command, command: ["$T/bin/agent"], env: {T: "$T"}}
  resolver: {kind: command, command: ["$T/bin/other"], env: {T: "$T"}}
retry: {delay: 10ms}
queue: {check: "grep -c . both >>$T/checked"}
END
ganger retry "${ids[1]}" >/dev/null 2>&1
touch "$T/refuse"
go
code_is 3 'where there is one, and it does not do it, a person is asked as before'
like "$(why right)" "not resolve it: conflict markers are left in 'both'|not resolve it: .stray. was changed" 'the reason is what was wrong'
rm "$T/refuse" "$T/resolved"
ganger retry "${ids[1]}" >/dev/null 2>&1
go
code_is 0 'one that does it brings the branch in'
is "$(git show "epic/$epic:both" | paste -sd ' ')" 'left right' 'with all of both'
is "$(cat "$T/resolved")" right 'by agents.resolver alone'
is "$(cat "$T/ran")" '' 'and not by the other'
is "$(git rev-parse right)" "$at" "the person's branch is as it was"
is "$(cat "$T/on")" "ganger/$epic/${ids[1]}" 'the agent was on a branch of ours'
ok 'what it made is named by a ref of ours' git merge-base --is-ancestor "$at" "refs/ganger/$epic/${ids[1]}/4"
is "$(tail -n 1 "$T/checked")" 2 'and was tested as it landed'
nothing_left 'nothing is left'

# What it made is tested as anything else.
two red
resolver <<<'echo bad >both'
echo 'cp "$GANGER_FEEDBACK_FILE" "$T/feedback"; printf "a\nb\n" >both' >"$T/mend"
go -c queue.check='! grep -qx bad both'
code_is 0 'a resolution that breaks the check goes back to its agent'
like "$(cat "$T/feedback")" '^the check failed on the merged tree' 'which is told so'
is "$(git show "epic/$epic:both")" $'a\nb' 'and only what passed lands'

# The supervisor dies while it is at work, and after.
two dies
resolver <<'END'
echo >"$T/at-work"
flock -s "$T/gate" true
printf 'a\nb\n' >both
END
mkfifo "$T/at-work"
hold
start
read -r _ <"$T/at-work"
killed
second=$(the_one resolving)
release
go
code_is 0 'after kill -9 in the middle it is brought home'
is "$(git show "epic/$epic:both") $(ran "$second")" $'a\nb 2' 'by the same agent'
nothing_left 'nothing is left'

# Cancelled in the middle, and taken back: afresh, as anything that was cancelled.
two cancelled
resolver <<'END'
echo >"$T/at-work"
read -r _ <"$T/at-work"
END
start
read -r _ <"$T/at-work"
second=$(the_one resolving)
ganger cancel "${id[$second]}" >/dev/null 2>&1
ended
is "$(state "$second")" cancelled 'one that resolves is cancelled'
nothing_left 'nothing of it is left'
done_testing
