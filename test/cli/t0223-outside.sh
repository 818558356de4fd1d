#!/usr/bin/env bash
# What an attempt writes outside its worktree fails it, where it is certain who did it.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/scene.sh"
printf 'limits: {attempts: 1}\n' >"$T/limits"
scene
cat "$T/limits" >>ganger.yaml
git commit -qam limits
git branch old && git branch other && git tag v1 && git worktree add -q "$T/look" other
git worktree add -q --detach "$T/gone"
git config --file .git/config demo.key value

# add NAME SCRIPT: an attempt that also does its work.
add()
{
	task "$1"
	does "$1" "$2
echo 1 >$1 && git add -A && git commit -qm $1"
}

# judged TITLE STATE REASON NAME
judged()
{
	like "$(grep "^$1	" "$T/states")" "^$1	$2	$3" "$4"
}

states()
{
	ganger status "$epic" --json |
		jq -r '.tasks[] | [.title, .state, .error // .reason // ""] | @tsv' >"$T/states"
}

hook='printf "#!/bin/sh\nexit 0\n" >"$GANGER_GIT_DIR/hooks/pre-commit"; chmod +x "$GANGER_GIT_DIR/hooks/pre-commit"'
add hooks "$hook"
add config 'git config core.fsmonitor false'
add value 'git config demo.key other'
add moves 'git commit -q --allow-empty -m first; git update-ref refs/heads/old HEAD'
add deletes 'git branch -qD old'
add untags 'git tag -d v1'
add unworktree 'git worktree remove --force "$T/gone"'
add branches 'git branch mine; git tag mine; git stash list; git config branch.mine.description x; git branch -qD mine'
other="git checkout -q \$(printf %s \"\$GANGER_BRANCH\" | sed 's,/[^/]*\$,/${id[hooks]},'); git commit -q --allow-empty -m there"
add strays "$other; git checkout -q -"
add returns "$other; git reset -q --hard HEAD~1; git checkout -q -"
go --max-concurrent 1
states
judged strays failed '.*branch .* was moved' "another task's branch, with this HEAD on it"
judged returns closed '$' 'one that is back where it was harms nobody'
judged hooks failed '.*wrote outside its worktree: hook pre-commit was added' 'a hook'
is "$(git show "refs/ganger/$epic/${id[hooks]}/1:hooks")" 1 'the work is kept in its ref'
judged config failed '.*config \[core\] fsmonitor was added' 'a setting that is new'
judged value failed '.*config \[demo\] key was changed' 'one that is another; its value is not said'
judged moves failed '.*branch old was moved' 'a branch that was moved'
judged deletes failed '.*branch old was deleted' 'one that was deleted'
judged untags failed '.*tag v1 was deleted' 'a tag that was deleted'
judged unworktree failed '.*worktree gone was deleted' "somebody's worktree"
judged branches closed '$' 'branches, tags and settings of branches that it makes are its own'
rm -f .git/hooks/pre-commit

# Others do not pay for it: of two at once it is not certain who wrote a hook, but who sat on a branch.
scene two
cat "$T/limits" >>ganger.yaml
git commit -qam limits
git branch old
mkfifo "$T/a" "$T/b"
add sits "git checkout -q old; echo 1 >there; git add there; git commit -qm there; git checkout -q -; $hook; echo >\"\$T/a\"; read x <\"\$T/b\""
add bystander 'read x <"$T/a"; git branch -f unrelated; echo >"$T/b"'
go --max-concurrent 2
states
judged sits failed '.*branch old was moved' 'whose HEAD was on the branch as it moved, moved it'
judged bystander closed '$' 'one beside it is not blamed for that, nor for the hook'

# A person goes on working meanwhile.
scene person
cat "$T/limits" >>ganger.yaml
git commit -qam limits
git clone -q . "$T/far" && git branch fetched
add person "(cd \"\$GANGER_ROOT\" && unset GIT_DIR; git commit -q --allow-empty -m mine; git -C \"\$T/far\" commit -q --allow-empty -m far; git fetch -q \"\$T/far\" main:fetched; git config branch.main.description mine)"
go --max-concurrent 1
states
judged person closed '$' "a commit in a person's checkout, a fetch, a branch's settings: nobody is blamed"
done_testing
