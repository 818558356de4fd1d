#!/usr/bin/env bash
# doctor: every check with ok, warn or fail, and what to do.
. "$(dirname "$0")/lib.sh"
repo

cat >ganger.yaml <<'END'
agents:
  mine:
    command: cat
    env: {COLOUR: red}
END
git add ganger.yaml && git commit -q -m settings

run ganger doctor
code_is 0 'all is well'
unlike "$(cat "$T/out")" '^fail' 'nothing fails'
for check in git shim processes commits identity settings branches state disk files agent check; do
	out_like "^(ok|warn) +$check " "$check is told"
done
out_like '^warn +check .*untested' 'no check is a warning'
is "$(git status --porcelain)$(git worktree list | wc -l)" 1 'the repository is as it was'
run ganger doctor --json
like "$(cat "$T/out")" '^\{"checks":\[\{"check":"git","result":"ok","text":".*"hint":null\}' 'the same as JSON'

# What is missing.
mv "$T/home/.gitconfig" "$T/saved"
run ganger doctor
code_is 0 'no identity is no failure'
out_like '^warn +identity' 'but a warning'
out_like '-> git config' 'with what to do'
mv "$T/saved" "$T/home/.gitconfig"

git branch epic
run ganger doctor
code_is 4 "a branch called 'epic' exits with 4"
out_like "^fail +branches .*'epic'" 'and is named'
out_like '-> git branch -m epic' 'with what to do'
run ganger -c git.epic_branch=work/{epic} doctor
code_is 0 'it is in nobody’s way where epics are called otherwise'
git branch -D -q epic

run ganger -c limits.attempts=x doctor
code_is 4 'settings that cannot be used exit with 4'
out_like "^fail +settings .*'limits.attempts'" 'and the key is named'
run ganger -c executor=slurm doctor
code_is 4 'an executor that this version lacks exits with 4'
out_like "^fail +settings .*executor.*slurm" 'and is named'
run ganger -c agent=nobody doctor
code_is 4 'an agent that there is not exits with 4'
out_like "^fail +agent .*'nobody'" 'and is named'
run ganger -c agents.mine.command=no-such-program doctor
out_like "^warn +agent .*'no-such-program'" 'a program that is not on PATH is a warning'
run ganger -c agents.mine.kind=telepathy doctor
code_is 4 'a kind that there is not exits with 4'
echo file >"$T/file"
run ganger -c "state_dir=$T/file/x" doctor
code_is 4 'a state folder that cannot be made exits with 4'
out_like '^fail +state ' 'and is named'
(ulimit -n 100 && run ganger doctor && cp "$T/out" "$T/limited")
like "$(cat "$T/limited")" '^warn +files ' 'too few open files are a warning'
like "$(cat "$T/limited")" '-> ulimit' 'with what to do'
run ganger -C / doctor
code_is 4 'outside of a repository it exits with 4'
out_like '^fail +git ' 'and says why'
git init -q "$T/unborn"
run ganger -C "$T/unborn" doctor
code_is 4 'a repository without a commit exits with 4'
out_like '^fail +commits ' 'and says so'

# With an agent.
cat >ganger.yaml <<'END'
worktree:
  setup: test "$PWD" = "$GANGER_WORKTREE" && echo made >made-by-setup
queue:
  check: cat made-by-setup README
agents:
  mine:
    command: cat
    env: {COLOUR: red, PASSED:}
    probe: |
      test "$COLOUR" = red && test "$PASSED" = on && test -z "$HELD" && test -f made-by-setup &&
      test "$GANGER_BRANCH" = ganger/trial/trial
END
PASSED=on HELD=back run ganger doctor --agent mine
code_is 0 'set-up, probe and check work in the environment of an agent'
for step in worktree set-up probe base; do
	out_like "^ok +$step " "$step is ok"
done
is "$(git status --porcelain --ignored)" ' M ganger.yaml' 'the checkout is as it was'
is "$(git worktree list | wc -l) $(git for-each-ref | wc -l)" '1 1' 'no worktree and no ref is left'
is "$(find "$T/state" -mindepth 3 | wc -l)" 0 'no file is left'

run ganger -c 'agents.mine.probe=echo no login >&2; exit 5' doctor --agent mine
code_is 4 'a probe that fails exits with 4'
out_like '^fail +probe .*it ended with 5' 'with how it ended'
out_like '^ +no login$' 'and what it printed'
out_like '^ok +base ' 'the check is tried all the same'
run ganger -c worktree.setup=false doctor --agent mine
out_like '^fail +set-up ' 'a set-up that fails is told'
out_like '^warn +base +not tried' 'and what needs it is not tried'
run ganger -c 'queue.check=exit 7' doctor --agent mine
code_is 4 'a check that is red on the base exits with 4'
out_like '^fail +base .*it ended with 7' 'with how it ended'
git clone -q "$T/repo" "$T/clone"
git -C "$T/clone" checkout -q -b work && git -C "$T/clone" branch -D -q main
run ganger -C "$T/clone" -c worktree.setup= -c agents.mine.probe= -c 'queue.check=test "$GANGER_BASE" = main' doctor --agent mine
out_like '^ok +base ' "the base is the remote's default branch, also where there is none here"
run ganger doctor --agent claude
out_like 'claude' 'a preset needs no entry'

done_testing
