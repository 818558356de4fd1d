#!/usr/bin/env bash
# What an agent discovers and files in Beads while it works: it blocks nothing and is said; a child of
# the epic is done in the same run. It calls bd where it is, and reaches the store of the epic.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/scene.sh"

python=$(command -v /usr/bin/python3 python3 | head -1)
[ "$python" ] || skip_all 'no python3'
export PATH=$GANGER_SOURCE/test/fake:$PATH
export BD_FAKE_DAEMON=$T/daemon
b()
{
	BEADS_DIR=$PWD/.beads BEADS_NO_DAEMON=1 bd "$@"
}

# Every worktree has the export that is kept in Git, and none the store.
scene
echo 'tracker: beads' >>ganger.yaml
echo '.beads/fake*' >.gitignore
epic=$(ganger add 'An epic')
task one
task two one
b export >.beads/issues.jsonl
git add -A && git commit -q -m settings
does one 'set -e
	exec 9>&1 >/dev/null
	bd update "$GANGER_TASK" --claim
	bd create "Another bug" --id bd-other --deps "discovered-from:$GANGER_TASK"
	bd create "child" --id bd-child --deps "discovered-from:$GANGER_TASK,parent-child:$GANGER_EPIC"
	bd create "Of that" --id bd-far --deps discovered-from:bd-other
	bd export >"$BEADS_DIR/issues.jsonl" # as a version does by itself
	echo x >one; git add -A; git commit -q -m one; exec >&9'
does two 'echo x >two; git add -A; git commit -q -m two
	bd create "At the very end" --id bd-late --deps "discovered-from:$GANGER_TASK" >/dev/null'
# Seen since an agent ended, not since time went by.
go -c poll=off -c agents.it.env.BD_FAKE_DAEMON="$T/daemon"
code_is 0 'the epic is done: neither bd nor the judge of an attempt has anything against it'
err_like "bd-other was discovered from ${id[one]}, and is no part of the epic: Another bug" 'what was discovered is said'
is "$(grep -c 'bd-other was discovered' "$T/err")" 1 '… once'
not_ok 'no call of bd would have started a daemon' test -e "$T/daemon"
is "$(git show "epic/$epic:.beads/issues.jsonl" | wc -l)" 3 'what is kept in Git of the store is as it was'
is "$(b export | jq -r "select(.id == \"${id[one]}\") | .assignee")" "ganger $epic" 'and its claim is the supervisor'"'"'s'
is "$(ran two) $(ran child) $(ran 'Another bug') $(ran 'Of that')" '1 1 0 0' 'a child is done in the same run, the others are not'
is "$(b export | jq -r 'select(.id == "bd-other" or .id == "bd-child") | .id + " " + .status')" \
	$'bd-other open\nbd-child closed' 'what is no part of the epic stays open'
for where in "$(ganger report "$epic")" "$(cat "$XDG_STATE_HOME"/ganger/repo-*/"$epic"/report.md)"; do
	like "$where" "^## Discovered" 'the report has a part for it'
	like "$where" "^- bd-other Another bug, from ${id[one]}$" '… with its id, its title and where it is from'
	like "$where" "^- bd-late At the very end, from ${id[two]}$" '… also what the last one discovered'
	unlike "$where" 'bd-far' '… and not what came of it in turn'
done
run ganger plan "$epic" --json
is "$(jq -r '.notes[0]' "$T/out")" "bd-other was discovered from ${id[one]}, and is no part of the epic: Another bug" 'a plan has a note'

# Taken into the epic it is work; closed it is no news.
b dep add bd-other "$epic" --type parent-child >/dev/null
b close bd-late bd-far >/dev/null
go
code_is 0 'a run after it was made a child'
is "$(ran 'Another bug')" 1 'it is done'
unlike "$(ganger report "$epic")" Discovered 'and in the report no more'
nothing_left 'nothing is left'

# An agent closes its issue before it ends. Where its work lands that is no news; where it fails, or its check
# is red, nothing that waits for it begins.
scene closes
echo 'tracker: beads' >>ganger.yaml
echo .beads >.gitignore
git add -A && git commit -q -m settings
epic=$(ganger add 'An epic')
task fails
task red
task lands
for title in fails red lands; do
	task "after-$title" "$title"
	does $title 'bd close "$GANGER_TASK" >/dev/null; [ "$GANGER_TITLE" != fails ] || exit 1; echo x >$GANGER_TITLE; git add -A; git commit -qm x'
done
go -c limits.attempts=2 -c queue.check='test ! -e red'
code_is 3 'closed by their agents, and not landed: a person is needed'
is "$(state fails) $(state red) $(state lands) $(state after-lands)" 'failed failed closed closed' 'what landed is done'
is "$(ran after-fails) $(ran after-red) $(ran fails) $(ran red)" '0 0 1 1' 'nobody begins without what did not, and it is not tried again behind its back'
# Read in the tracker, or heard of as it is claimed for another try: whichever is first.
like "$(why red)" "^its issue was closed while it was worked on, and nothing of it landed; open it again and retry|^issue '${id[red]}' is closed$" 'which is said'
# A person says what it is: still to be done, or done with.
b update "${id[red]}" --status open --assignee= >/dev/null
does red 'echo x >green; git rm -qf --ignore-unmatch red; git add -A; git commit -qm x'
ganger retry "${id[red]}" >/dev/null 2>&1
ganger cancel "${id[fails]}" >/dev/null 2>&1
go -c limits.attempts=2 -c queue.check='test ! -e red'
code_is 0 'opened again it is made, cancelled it is left at that'
is "$(state fails) $(state red) $(state after-fails) $(state after-red)" 'closed closed closed closed' 'and what waited for them is done'
done_testing
