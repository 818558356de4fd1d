#!/usr/bin/env bash
# What runs leave: what goes, what stays and why, and that nothing is lost by it.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/scene.sh"
repo

program agent <<'END'
#!/bin/sh
. "$T/do/$GANGER_TASK"
END
export T
mkdir "$T/do"
cat >ganger.yaml <<END
agents: {it: {command: ["$T/bin/agent"], env: {T: "$T"}}}
limits: {attempts: 2, timeout: 60s}
retry: {delay: 10ms}
END
git add . && git commit -qm settings

# field EXPRESSION: of the JSON in $T/out; j is the whole, n(list) its kinds and names.
field()
{
	python3 -c 'import json, sys
j = json.load(open(sys.argv[1]))
def n(which): return [(i["kind"], i["name"]) for i in j[which]]
def why(name): return [i["why"] for i in j["kept"] + j["failed"] if i["name"] == name]
print(eval(sys.argv[2]))' "$T/out" "$1"
}

# sql STATEMENT: in the journal of $epic.
sql()
{
	python3 -c 'import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as db:
    db.execute(sys.argv[2])' "$state/$epic/journal.db" "$1"
}

run ganger gc
code_is 0 'gc where nothing was run works'
out_is 'nothing to remove' 'and says that there is nothing'

# An epic: 1 lands, 2 lands at its second attempt and leaves a file out, 3 fails.
cat >plan.md <<'END'
# Build it
- [ ] lands
- [ ] lands later
- [ ] fails
END
echo 'echo 1 >one; git add one; git commit -qm one' >"$T/do/1"
echo 'echo $GANGER_ATTEMPT >two; git add two; git commit -qm two; test $GANGER_ATTEMPT -gt 1; r=$?; echo key >.env.local; exit $r' >"$T/do/2"
echo 'echo 3 >three; git add three; git commit -qm three; exit 1' >"$T/do/3"
epic=$(ganger import markdown plan.md)
ganger run "$epic" >"$T/run.out" 2>&1
is $? 1 'an epic with a failure'
state=$(echo "$T"/state/ganger/repo-*)
# What a crash leaves: temporary files, trash, a job's folder, a folder that git does not know.
: >"$state/$epic/report.md.aB3xY9"
: >"$state/$epic/swarm-pids.json.000000"
: >"$state/$epic/mine.aB3xY9"
: >"$state/$epic/agent-logs/1.log.new"
mkdir -p "$state/$epic/trash/x/tree" "$state/$epic/job/77" "$state/$epic/worktree/empty" "$state/$epic/worktree/full"
echo work >"$state/$epic/worktree/full/file"
git for-each-ref >"$T/refs.before"

run ganger gc --dry-run
code_is 0 'a dry run works'
sed 's/^would be removed:$/removed:/' "$T/out" >"$T/dry"
is "$(git for-each-ref)" "$(cat "$T/refs.before")" 'and moves no ref'
ok 'nor removes a file' test -e "$state/$epic/report.md.aB3xY9" -a -d "$state/$epic/job/77"
run ganger gc --dry-run --json
is "$(field 'sorted(set(k for k, name in n("removed")))')" \
	"['branch', 'file', 'folder', 'job', 'trash']" 'it lists what would go'
is "$(field 'j["dry_run"]')" True 'and that it is one'
is "$(field 'len(j["failed"])')" 0 'nothing fails'

run ganger gc
code_is 0 'gc works'
is "$(cat "$T/out")" "$(cat "$T/dry")" 'it prints the same list'
out_like "^  branch ganger/$epic/3: its commit [0-9a-f]{12} is not in 'epic/$epic'$" \
	'unmerged work stays, with the reason'
out_like "^      git log main\.\.ganger/$epic/3$" 'and the command that looks at it'
is "$(eval "$(sed -n "s/^      \(git log main.*\)/\1 -1 --format=%s/p" "$T/out")")" three 'which works'
out_like "^  refs refs/ganger/$epic: the epic is not finished: 1 task is not closed$" \
	"the attempts' refs stay"
out_like '^  folder .*/worktree/full: git knows no worktree there$' 'so does what git does not know'
is "$(git for-each-ref --format='%(refname)' refs/heads)" \
	"refs/heads/epic/$epic
refs/heads/ganger/$epic/3
refs/heads/main" 'branches of what landed are gone'
is "$(git for-each-ref refs/ganger)" "$(grep refs/ganger "$T/refs.before")" 'no ref of an attempt is'
is "$(ls "$state/$epic" | grep -c 'aB3xY9\|000000\|trash')" 1 'temporary files are gone, but no others'
ok 'that file is somebody else'\''s' test -e "$state/$epic/mine.aB3xY9"
not_ok 'half a log is gone' test -e "$state/$epic/agent-logs/1.log.new"
not_ok 'the folder of a job that never was is gone' test -e "$state/$epic/job/77"
not_ok 'an empty folder is gone' test -e "$state/$epic/worktree/empty"
ok 'a full one is not' test -e "$state/$epic/worktree/full/file"
rm -r "$state/$epic/worktree/full"
run ganger gc --json
is "$(field 'n("removed")')" '[]' 'a second gc finds nothing more'

# A branch that is checked out, or has moved on, or was squashed.
git branch "ganger/$epic/1" "refs/ganger/$epic/1/1"
git worktree add -q "$T/look" "ganger/$epic/1"
run ganger gc
out_like "^  branch ganger/$epic/1: it is checked out in '$T/look'$" 'a branch in use stays'
git -C "$T/look" commit -q --allow-empty -m 'mine, on top'
git worktree remove "$T/look"
run ganger gc
out_like "^  branch ganger/$epic/1: its commit [0-9a-f]{12} is not in" 'and one that has moved on'
git branch -qD "ganger/$epic/1"

# Finished, but not for 14 days.
echo 'echo 3 >three; git add three; git commit -qm three' >"$T/do/3"
ganger retry 3 >"$T/out" 2>&1
ganger run "$epic" >"$T/run.out" 2>&1
is $? 0 'the epic comes home'
run ganger gc
out_like "^  refs refs/ganger/$epic: 'epic/$epic' is not in 'main' yet, nor .* 'ganger finish $epic' takes it there" \
	'refs stay until it is in the base'
git merge -q --ff-only "epic/$epic"
run ganger gc
out_like "^  refs refs/ganger/$epic: they stay for 14 days after the last landing$" 'and then for 14 days'
sql "UPDATE task SET ended_ms = ended_ms - 15 * 86400000"
git update-ref "refs/ganger/$epic/2/9" "$(git commit-tree -m lost 'HEAD^{tree}')"
git update-ref "refs/ganger/$epic/2/1.branch" "$(git commit-tree -m lost2 'HEAD^{tree}')"
run ganger gc
is "$(git for-each-ref --format='%(refname)' "refs/ganger/$epic")" \
	"refs/ganger/$epic/2/1.branch
refs/ganger/$epic/2/1.rest
refs/ganger/$epic/2/2.rest
refs/ganger/$epic/2/9" 'after that they go, but what is nowhere else'
out_like "^  ref refs/ganger/$epic/2/2.rest: it has files that were never committed$" \
	'left-out files are never removed'
is "$(eval "$(sed -n "s/^      \(git show --stat .*2.rest\)$/\1/p" "$T/out")" | grep -c env.local)" 1 \
	'the command shows them'
out_like "^  ref refs/ganger/$epic/2/9: its commit [0-9a-f]{12} is not in 'main'$" 'nor is unmerged work'
is "$(git fsck --no-dangling 2>&1)" '' 'the repository is whole'

# Squashed, the branch's own commit is nowhere; what was made of it is.
epic=$(ganger add 'Squashed')
id=$(ganger add one --epic "$epic")
echo 'echo s >squashed; git add squashed; git commit -qm squashed' >"$T/do/$id"
ganger -c queue.method=squash run "$epic" >"$T/run.out" 2>&1
is $? 0 'an epic is squashed'
run ganger gc --json
is "$(field "n('removed')")" "[('branch', 'ganger/$epic/$id')]" 'the branch of what was squashed goes'

# The epic itself is squashed, onto what came into the base meanwhile. What is another's stays.
sql "UPDATE task SET ended_ms = ended_ms - 15 * 86400000"
git update-ref "refs/ganger/$epic/$id/9" "$(git commit-tree -m lost 'HEAD^{tree}')"
git commit -q --allow-empty -m 'nothing'
echo meanwhile >meanwhile && git add meanwhile && git commit -qm meanwhile
run ganger gc
out_like "^  refs refs/ganger/$epic: 'epic/$epic' is not in 'main' yet" 'what is nowhere else keeps its names'
echo other >>README && git commit -qam 'almost it' && git merge -q --squash "epic/$epic" >"$T/out" && echo more >>README && git commit -qam 'and more'
run ganger gc
out_like "^  refs refs/ganger/$epic: 'epic/$epic' is not in 'main' yet" 'also where a commit has it and more'
git reset -q --hard HEAD~1 && git merge -q --squash "epic/$epic" >"$T/out" && git commit -qm 'the epic' && git commit -q --allow-empty -m 'later'
run ganger gc
is "$(git for-each-ref --format='%(refname)' "refs/ganger/$epic")" "refs/ganger/$epic/$id/9" \
	'once the base has all of it as one commit they go, but what is in neither'

# An epic that is run, and one that was cut short with its agent at work.
epic=$(ganger add 'Another')
id=$(ganger add waits --epic "$epic")
mkfifo "$T/here" "$T/go"
echo 'echo half >half; echo here >"$T/here"; read -r line <"$T/go"; git add half; git commit -qm half' >"$T/do/$id"
"$GANGER" run "$epic" >"$T/run.out" 2>&1 &
pid=$!
ok 'an agent works' wait_line "$T/here" here
run ganger gc
out_like "^  epic $state/$epic: could not lock .*: process $pid holds it" 'an epic that is run is left'
run ganger gc --dry-run
out_like "^  epic $state/$epic: process $pid holds it$" 'so it is in a dry run'
kill -9 "$pid"
wait "$pid" 2>"$T/err"
run ganger gc --json
is "$(field '[i for i in n("removed") if i[0] != "file"]')" '[]' 'of one that was cut short nothing is removed'
job=$state/$epic/job/1
is "$(field "why('$job')")" "['its program is running']" 'a job that lives is named'
is "$(field "why('$state/$epic/worktree/repo-0')")" \
	"[\"it has work of attempt 1 of task '$id' that no ref names\"]" 'and work that no ref names'
ok 'both are there' test -e "$job/status" -a -e "$state/$epic/worktree/repo-0/half"
echo go >"$T/go"
ganger run "$epic" >"$T/run.out" 2>&1
is $? 0 'the next run goes on with it'
is "$(git show "epic/$epic:half")" half 'with its work'
is "$(git log --format=%s "epic/$epic" | grep -c '^half$')" 1 'done once'

# Its lock keeps a run away.
mkfifo "$T/held" "$T/let"
flock "$(git rev-parse --git-common-dir)/ganger/$epic.lock" sh -c "echo held >$T/held; read -r line <$T/let" &
flock=$!
ok 'somebody holds an epic' wait_line "$T/held" held
run ganger gc --json
is "$(field "[k for k, name in n('kept') if name == '$state/$epic']")" "['epic']" 'gc leaves what another gc, or a run, holds'
echo >"$T/let"
wait "$flock"

# Journals that cannot be read, trials, other repositories.
epic=$(ganger add 'Damaged')
ganger add some --epic "$epic" >"$T/out"
mkdir -p "$state/$epic"
echo 'not a journal' >"$state/$epic/journal.db"
mkdir -p "$state/%trial/gate/repo"
repo gone
ganger add lonely >"$T/out"
cd "$T/repo" && rm -rf "$T/gone"
run ganger gc
code_is 0 'what cannot be read is no failure'
out_like "^  epic $state/$epic: could not open journal" 'but is named'
is "$(cat "$state/$epic/journal.db")" 'not a journal' 'and stays as it is'
not_ok 'a trial that was cut short is gone' test -e "$state/%trial"
out_like "^  state $T/state/ganger/gone-[0-9a-f]+: its repository is gone: $T/gone/\.git$" \
	'the state of a repository that is gone is listed'
ok 'and stays' test -e "$T"/state/ganger/gone-*/issues.db
unlike "$(cat "$T/out")" "state $state:" 'that of this one is not'


# A run that could not go on has ended, but not the attempt: what nobody has collected stays, without its mark, too.
scene uncollected
task one
does one 'echo 1 >one; echo $PPID >"$T/there"; flock -s "$T/gate" true'
hold
start
wait_lines "$T/there" 1
killed
git checkout -q --ignore-other-worktrees "epic/$epic"
go
code_is 4 'an epic that cannot be opened'
release
wait_gone "$(cat "$T/there")"
rm .git/worktrees/*/ganger-ready
run ganger gc --json
is "$(field '"worktree" in dict(n("removed"))')" False 'its worktree is not removed'
git checkout -q main
go
code_is 0 'once it can be it is'
is "$(git show "epic/$epic:one") $(wc -l <"$T/ran")" '1 1' 'with the work that was left there'
done_testing
