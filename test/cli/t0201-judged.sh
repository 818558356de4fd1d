#!/usr/bin/env bash
# How an attempt is judged: commits, leftovers, exit status, result file, pause_on, histories.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/scene.sh"
scene
cat >>ganger.yaml <<'END'
limits: {attempts: 1}
worktree: {include: [local.env], link: [shared.env]}
END
printf 'local.env\nshared.env\nbuild/\n' >.gitignore
echo local >local.env && echo shared >shared.env
git add . && git commit -q -m more
before=$(checkout)

# add NAME SCRIPT
add()
{
	task "$1"
	does "$1" "$2"
}

add commits 'echo 1 >commits && git add -A && git commit -qm one; echo 2 >commits2 && git add -A && git commit -qm two'
add leaves 'echo 1 >leaves; mkdir sub && echo 2 >"sub/leaves here"; rm README'
add both 'echo 1 >both && git add -A && git commit -qm one; echo 2 >both2'
add nothing 'echo "I looked."'
add nothing-says 'echo "I looked."; echo "ganger: nothing to do"; echo'
add nothing-mentions 'echo "ganger: nothing to do"; echo "but I am not sure"'
add fails 'echo 1 >fails && git add -A && git commit -qm one; echo broken >&2; exit 3'
add killed 'echo 1 >killed && git add -A && git commit -qm one; kill -9 $$'
add later '[ -e "$T/later" ] || { touch "$T/later"; echo 1 >later && git add -A && git commit -qm one; exit 75; }; ls >"$T/later"; echo 2 >later2'
add result-done 'echo 1 >result-done; echo "{\"result\":\"done\"}" >"$GANGER_RESULT_FILE"; exit 9'
add result-nothing 'echo "{\"result\":\"nothing\",\"reason\":\"it is there already\"}" >"$GANGER_RESULT_FILE"; exit 9'
add result-later '[ -e "$T/rl" ] || { touch "$T/rl"; echo "{\"result\":\"later\",\"reason\":\"busy\"}" >"$GANGER_RESULT_FILE"; exit 0; }; echo 1 >result-later'
add result-failed 'echo 1 >result-failed; echo "{\"result\":\"failed\",\"reason\":\"I cannot\"}" >"$GANGER_RESULT_FILE"'
add result-liar 'echo "{\"result\":\"done\"}" >"$GANGER_RESULT_FILE"'
add result-junk 'echo 1 >result-junk; echo "{junk" >"$GANGER_RESULT_FILE"'
add own-branch 'git checkout -qb mine; echo 1 >own-branch && git add -A && git commit -qm one'
add detached 'git checkout -q --detach; echo 1 >detached && git add -A && git commit -qm one'
add amends 'git commit -q --amend --allow-empty -m other; echo 1 >amends; git add -A; git commit -qm one'
add resets 'git reset -q --hard HEAD~1; echo 1 >resets; git add -A; git commit -qm one'
add merging 'git checkout -qb a; echo a >m; git add m; git commit -qm a; git checkout -qb b HEAD~1; echo b >m; git add m; git commit -qm b; git merge a; true'
add rebasing 'git checkout -qb ra; echo a >m; git add m; git commit -qm a; git checkout -qb rb HEAD~1; echo b >m; git add m; git commit -qm b; git rebase ra; true'
add secrets 'echo 1 >secrets; for f in .env .env.local id_rsa key.pem; do echo s >$f; done; head -c 5300000 /dev/zero >big.bin; mkdir build; echo o >build/o'
add brought-in 'cat local.env shared.env >seen; echo changed >>local.env'
go --max-concurrent 4
code_is 1 'some fail: exit 1'

ganger status "$epic" --json | jq -r '.tasks[] | [.title, .state, .attempt, .error // .reason // ""] | @tsv' >"$T/states"

# judged TITLE STATE ATTEMPTS REASON NAME
judged()
{
	like "$(grep "^$1	" "$T/states")" "^$1	$2	$3	$4" "$5"
}

judged commits closed 1 '$' 'exit 0 and commits: done'
ok 'its first commit landed' has commits
ok 'and the second' has commits2
judged leaves closed 1 '$' 'exit 0 and uncommitted files: done'
ok 'which are committed' has 'sub/leaves here'
not_ok 'what it removed is gone' has README
judged both closed 1 '$' 'both together: done'
ok 'the leftovers on top of the commits' has both2
judged nothing failed 1 'no changes' 'exit 0 and nothing: failed'
judged nothing-says closed 1 'nothing to do' 'unless the last line says that nothing is to be done'
judged nothing-mentions failed 1 'no changes' 'which must be the last one'
judged fails failed 1 'exit 3: broken' 'another exit: failed, whatever it committed'
not_ok 'and nothing of it landed' has fails
is "$(git show "refs/ganger/$epic/${id[fails]}/1:fails")" 1 'but a ref keeps it'
like "$(grep ^killed "$T/states")" '^killed	(failed|closed)' 'one killed by a signal ends'
judged later closed 2 '$' 'exit 75: later'
like "$(cat "$T/later")" '^later$' 'and it goes on from there'
judged result-done closed 1 '$' 'the result file decides: done'
judged result-nothing closed 1 '(nothing to do|it is there already)' 'nothing'
judged result-later closed 2 '$' 'later'
judged result-failed failed 1 '.*I cannot' 'failed, with its reason'
judged result-liar failed 1 'no changes' 'but done without work is not'
judged result-junk failed 1 'its result file is not' 'one that cannot be read is a failure'
judged own-branch closed 1 '$' 'HEAD counts, on whatever branch'
judged detached closed 1 '$' 'or on none'
judged amends failed 1 '.*does not descend' 'a start that was amended: failed'
judged resets failed 1 '.*does not descend' 'one that was reset: failed'
judged merging failed 1 '.*unfinished merge' 'an unfinished merge: failed'
judged rebasing failed 1 '.*unfinished rebase' 'an unfinished rebase: failed'
for name in amends resets merging rebasing; do
	ok "but a ref keeps the work: $name" git rev-parse -q --verify "refs/ganger/$epic/${id[$name]}/1"
done
for name in .env .env.local id_rsa key.pem big.bin build/o local.env shared.env; do
	not_ok "left out: $name" has "$name"
done
ok 'the rest is committed' has secrets
run ganger report "$epic"
for name in .env .env.local id_rsa key.pem big.bin; do
	like "$(cat "$T/out")" "(^|[ ,])${name//./\\.}([ ,:]|$)" "the report names what was left out: $name"
done
is "$(git show "epic/$epic:seen" | paste -sd ' ')" 'local shared' 'ignored files were brought in'
is "$(git log -1 --format=%an "refs/ganger/$epic/${id[leaves]}/1")" Tester "in the user's name"

# A provider's limit: no attempt is spent, and the next ones wait.
scene limit
sed -i 's/command: \[/pause_on: ["usage limit"], command: [/' ganger.yaml
echo 'limits: {attempts: 1}' >>ganger.yaml
task limited
does limited '[ -e "$T/limited" ] || { touch "$T/limited"; echo "usage limit reached, try again in 1 second"; exit 1; }; echo 1 >limited'
go
code_is 0 'after a limit it goes on'
is "$(state limited) $(status '$t.limited.attempt') $(ran limited)" 'closed 2 2' \
	'and no attempt is spent'

# Retries: attempts are counted, and the policy for leftovers is kept.
scene retries
echo 'limits: {attempts: 3}' >>ganger.yaml
task third
does third '[ "$GANGER_ATTEMPT" = 3 ] || { echo "not $GANGER_ATTEMPT" >mine; exit 1; }; ls >"$T/third"; echo 1 >third'
task never
does never 'exit 1'
task put-off
does put-off 'exit 75'
go -c limits.deferrals=2
code_is 1 'what fails at each attempt fails'
is "$(state third) $(ran third)" 'closed 3' 'the third attempt may succeed'
is "$(cat "$T/third")" $'README\nganger.yaml' 'and starts fresh'
is "$(state never) $(ran never)" 'failed 3' 'limits.attempts is the number of attempts'
is "$(state put-off) $(ran put-off)" 'failed 3' 'limits.deferrals that of putting off'
like "$(why put-off)" 'limits\.deferrals' 'which is said'
for n in 1 2; do
	is "$(git show "refs/ganger/$epic/${id[third]}/$n:mine")" "not $n" "a ref keeps attempt $n"
done

scene tidy
task leaves
does leaves 'echo 1 >leaves'
go -c policy.uncommitted=fail -c limits.attempts=1
code_is 1 'policy.uncommitted may be fail'
like "$(why leaves)" 'left 1 files? uncommitted' 'with the reason'
is "$(git show "refs/ganger/$epic/${id[leaves]}/1.rest:leaves")" 1 'and a ref keeps the work'
done_testing
