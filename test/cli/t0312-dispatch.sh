#!/usr/bin/env bash
# Issues to sessions, each to a pull request: no graph, no merging.
. "$(dirname "$0")/lib.sh"
repo

program agent <<'END'
#!/bin/sh
echo "session of $GANGER_TASK"
echo "$GANGER_TASK" >>"$T/started"
. "$T/do/$GANGER_TASK"
END
export T
mkdir "$T/do"
cat >ganger.yaml <<END
agents: {it: {command: ["$T/bin/agent"], env: {T: "$T"}}}
limits: {attempts: 1, timeout: 60s}
END
git add . && git commit -qm settings
base=$(git rev-parse main)

json()
{
	python3 -c 'import json, sys
j = json.load(open(sys.argv[1]))
print(eval(sys.argv[2]))' "$T/out" "$1"
}

a=$(ganger add 'the first')
b=$(ganger add 'the second' --after "$a")
c=$(ganger add 'the third')
d=$(ganger add 'the fourth')
echo 'echo a >a; git add a; git commit -qm a' >"$T/do/$a"
echo 'test ! -e a && echo b >b' >"$T/do/$b"
echo 'echo broken; exit 3' >"$T/do/$c"
echo 'echo "ganger: nothing to do"' >"$T/do/$d"

run ganger dispatch
code_is 2 'without an issue there is nothing to dispatch'
run ganger dispatch 99
code_is 2 'an issue that is not there is an error'
err_like "^error: there is no issue '99'$" 'which names it'

run ganger dispatch "$a" "$b" "$c" "$d" "$a" --json
code_is 1 'one of them fails'
is "$(json 'j["epic"], j["status"], j["total"], j["completed"], j["merged"]')" \
	"('dispatch-1', 'failed', 4, 3, 0)" 'the result alone is on standard output'
is "$(json '[(s["id"], s["session"], s["pr"] is not None) for s in j["successful"]]')" \
	"[('$a', 'dispatch-1/$a/1', True), ('$b', 'dispatch-1/$b/1', True), ('$d', 'dispatch-1/$d/1', False)]" \
	'with what succeeded'
is "$(json 'j["failed"]')" "[{'id': '$c', 'error': 'exit 3: broken'}]" 'and what failed'
is "$(sort "$T/started" | tr '\n' ' ')" "$a $b $c $d " 'an issue named twice has one session'
is "$(git rev-parse main)" "$base" 'the base is untouched'
is "$(git rev-parse epic/dispatch-1)" "$base" 'and nothing was merged'
is "$(git show "ganger/dispatch-1/$a:a") $(git show "ganger/dispatch-1/$b:b")" 'a b' \
	'each work is on its branch'
not_ok 'no session has the work of another' git cat-file -e "ganger/dispatch-1/$b:a"
run ganger show "$a" --json
is "$(json 'j["open"], j["claimed_by"]')" "(True, None)" 'a dispatched issue is open, and free again' || cat "$T/out"
run ganger show "$a"
is "$(grep -c 'ganger: pull request [0-9]*, ganger/dispatch-1/.* into main, by attempt 1; untested' "$T/out")" 1 \
	'what came of it is said there once'

# A session has one name.
is "$(ganger status dispatch-1 --json | jq -r ".tasks[] | select(.id == \"$a\").session")" "dispatch-1/$a/1" \
	'status calls a session as it does'
run ganger logs "dispatch-1/$a/1"
out_is "session of $a" 'by that its log is found'
run ganger diff "dispatch-1/$a/1"
out_like '^\+a$' 'and what it changed'
run ganger logs "dispatch-1/$a/2"
code_is 2 'one that never was has none'
run ganger logs "dispatch-1/$a/1" --attempt 1
code_is 2 'it is an attempt already'
run ganger retry "dispatch-1/$c/2"
code_is 2 'one that is not at hand is left alone'
err_like "^error: session 'dispatch-1/$c/2' is not the one at hand, that is 'dispatch-1/$c/1'$" 'which is said'
run ganger retry "dispatch-1/$c/1"
out_is "will be tried again: $c" 'one that is can be asked for'
run ganger logs "nothing/$a/1"
code_is 2 'one of a run that never was is not found'

# Again, with its own text known: a session of its own.
run ganger dispatch "$a" --json
code_is 0 'an issue can be dispatched again'
is "$(json 'j["epic"], [s["pr"] > 2 for s in j["successful"]] == [True]')" "('dispatch-2', True)" \
	'as another run, with another pull request'
run ganger show "$a"
is "$(grep -c 'ganger: pull request' "$T/out")" 1 'of which the issue has the latest outcome'
run ganger dispatch "$d" --json
code_is 3 'what had nothing to do is closed'
is "$(json '[f["id"] for f in j["failed"]]')" "['$d']" 'and not dispatched again'

# From a file.
cat >"$T/issues" <<'END'
{"id": "X-1", "title": "from a file", "body": "do it"}

{"id": 77, "title": "a number"}
END
echo 'grep -q "do it" "$GANGER_PROMPT_FILE" && echo x >x' >"$T/do/X-1"
echo 'echo 77 >77' >"$T/do/77"
run ganger dispatch --file "$T/issues" --json
code_is 0 'issues come from a file'
is "$(json '[s["id"] for s in j["successful"]]')" "['X-1', '77']" 'with their ids'
echo '{"title": "no id"}' >>"$T/issues"
run ganger dispatch --file "$T/issues"
code_is 2 'a line that cannot be used is an error'
err_like "^error: $T/issues:4: " 'with its number'
not_ok 'and nothing was begun' test -e "$(echo "$T"/state/ganger/repo-*)/dispatch-5"
printf '%s\n' '{"id": "X-2", "title": "one"}' '' '{"id": 5, "title": "five"}' '{"id": "X-2", "title": "another"}' >"$T/twice"
run ganger dispatch --file "$T/twice"
code_is 2 'so is one with the id of another'
err_is "error: $T/twice:4: issue 'X-2' is that of line 1 already" 'with both their numbers'
not_ok 'nothing was begun' test -e "$(echo "$T"/state/ganger/repo-*)/dispatch-5"
run ganger show X-2
code_is 2 'and no issue was made'
printf '%s\n' '{"id": 5, "title": "a number"}' '{"id": "5", "title": "a text"}' >"$T/twice"
run ganger dispatch --file "$T/twice"
err_like ":2: issue '5' is that of line 1 already" 'also where one id is a number, the other its text'

# In the background.
mkfifo "$T/here" "$T/go"
w=$(ganger add waits)
echo 'echo here >"$T/here"; read -r line <"$T/go"; echo w >w' >"$T/do/$w"
run ganger dispatch "$w" --detach
code_is 0 'with --detach it returns at once'
epic=$(sed -n "s/.*'ganger wait \(dispatch-[0-9]*\)'.*/\1/p" "$T/out")
ok 'its session works' wait_line "$T/here" here
run ganger dispatch "$w"
code_is 3 'what somebody works on is not dispatched'
l=$(ganger add later)
echo 'echo l >l' >"$T/do/$l"
run ganger dispatch "$l" "$w" --as "$epic" --detach
code_is 0 'more is dispatched to the run that is under way'
run ganger dispatch "$l" --as "$epic" --detach
code_is 0 'also twice'
echo go >"$T/go"
run ganger wait "$epic"
code_is 0 'and can be waited for'
is "$(git show "ganger/$epic/$l:l")" l 'which does it'
is "$(grep -cx "$l" "$T/started") $(grep -cx "$w" "$T/started")" '1 1' 'each issue had one session'
git branch mine "ganger/$epic/$l"
e=$(ganger add 'an epic')
ganger submit --epic "$e" mine >"$T/out"
run ganger dispatch "$l" --as "$e"
code_is 2 'nothing is dispatched to what is no dispatch'
err_like "^error: epic '$e' is none that issues are dispatched to$" 'which is said'

# Killed, and resumed.
: >"$T/started"
run ganger dispatch "$w" --detach
epic=$(sed -n "s/.*'ganger wait \(dispatch-[0-9]*\)'.*/\1/p" "$T/out")
pid=$(sed -n 's/^pid //p' "$T/out")
ok 'another session works' wait_line "$T/here" here
kill -9 "$pid"
ok 'its supervisor is killed' wait_gone "$pid"
echo go >"$T/go"
run ganger run "$epic"
code_is 0 'run goes on with it'
is "$(cat "$T/started")" "$w" 'the session was not begun twice'
run ganger status "$epic" --json
is "$(json '[(t["id"], t["state"], t["attempt"]) for t in j["tasks"]]')" "[('$w', 'submitted', 1)]" \
	'and ends at its pull request'
is "$(git rev-parse main "epic/$epic" | sort -u)" "$base" 'the base is untouched, and nothing merged'
is "$(git worktree list | wc -l)" 1 'no worktree is left'

# An issue that was dispatched is a task of its epic as well: commands mean that one, and say so.
e=$(ganger add 'an epic of its own')
x=$(ganger add x --epic "$e")
failing=(-c "agents.it.command=echo of \$GANGER_EPIC; exit 1" -c limits.attempts=1)
run ganger "${failing[@]}" dispatch "$x"
epic=$(sed -n "s/^    ganger logs --epic \(dispatch-[0-9]*\) $x\$/\1/p" "$T/out")
ok 'what failed is printed with its dispatch' test -n "$epic"
run ganger "${failing[@]}" run "$e"
code_is 1 'its epic takes it up, too'
run ganger logs "$x"
is "$code $(cat "$T/out")" "0 of $e" 'its id is that of the epic'
err_like "^hint: .*'$epic'" 'which is said'
run ganger logs --epic "$epic" "$x"
out_is "of $epic" 'the other one is there by its name'

# Where to look at what came of it.
y=$(ganger add y)
echo 'echo y >y; git add y; git commit -qm y' >"$T/do/$y"
run ganger dispatch "$y"
epic=$(sed -n 's|^report: .*/\(dispatch-[0-9]*\)/report.md$|\1|p' "$T/out")
like "$(cat "$T/out" "$T/err")" " $y  submitted  *pull request [0-9]+, branch ganger/$epic/$y\$" 'its pull request is said'
run ganger report "$epic"
out_like "^      ganger diff --epic $epic $y\$" 'and how to look at it'
done_testing
