#!/usr/bin/env bash
# A reboot after a power cut: commits and refs that the journal names are looked for. Lost work is
# done again and does not count, a lost merge is made anew, a lost ref is named again, and all is said.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/scene.sh"

# crash PLACE [OPTION]...: run it until there.
crash()
{
	local place=$1
	shift
	split "$@"
	code=0
	{
		GANGER_FAILPOINT=$place timeout -k 5 "$WAIT_S" "$GANGER" "${sets[@]}" run "$epic" --yes \
			>"$T/out" 2>"$T/err"
	} 2>/dev/null || code=$?
	is "$code" 137 "it dies at $place"
}

# reboot: what the journal has is of another boot.
reboot()
{
	# Without closing it: that would take the log away, which is damage.
	python3 -c 'import os, sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("UPDATE run SET boot = ?", ("00000000-0000-0000-0000-000000000000",))
db.commit()
os._exit(0)' "$(echo $(epic_dir))/journal.db"
}

# lose COMMIT [KEEP]: its object; as a file without bytes, as a cut leaves it, or none.
lose()
{
	local object
	object=$(git rev-parse --git-path objects)/${1:0:2}/${1:2}
	rm -f "$object"
	[ -z "${2:-}" ] || : >"$object"
}

# tear OBJECT: its file is of its size, and none of it was written.
tear()
{
	local object
	object=$(git rev-parse --git-path objects)/${1:0:2}/${1:2}
	chmod u+w "$object"
	dd if=/dev/zero of="$object" bs="$(stat -c %s "$object")" count=1 conv=notrunc status=none
}

scene
kept() { echo "refs/ganger/$epic/${id[$1]}/${2:-1}"; }

# ---- the work of one, the ref of another ----
task one
task two
# Done again it is the very same commit, for which git must not take what the cut left of the first.
does one 'echo one >one; git add -A
GIT_AUTHOR_DATE=2026-01-01T00:00Z GIT_COMMITTER_DATE=2026-01-01T00:00Z git commit -q -m one'
crash PULL:2 -c queue.approve=person
reboot
torn=$(seq 9 | git hash-object -w --stdin)
tear "$torn"
head=$(git rev-parse "$(kept one)") ref=$(git rev-parse "$(kept two)")
lose "$head" empty
git update-ref -d "$(kept two)" && mkdir -p "$(dirname ".git/$(kept two)")" && : >".git/$(kept two)"
go -c limits.attempts=1
code_is 0 'it is finished all the same' || note "$(cat "$T/out" "$T/err")"
like "$(cat "$T/err")" "task ${id[one]}: its work was lost by a power cut: ${head:0:12}" 'what was lost is said'
unlike "$(cat "$T/err")" "task ${id[two]}: its work was lost" 'and nothing else'
like "$(cat "$T/err")" '1 object that a power cut tore was moved' 'an object that nobody names, and nobody could read, too'
is "$(seq 9 | git hash-object -w --stdin | git cat-file --batch | tail -n +2)" "$(seq 9)" 'and can be stored again'
is "$(ran one) $(ran two)" '2 1' 'the lost work is done again, and does not count; the other is not'
has one && has two
is $? 0 'both are in the branch'
is "$(git rev-parse "$(kept two)")" "$ref" 'the lost ref is there again'
run ganger replay "$(echo $(epic_dir))/journal.db"
code_is 0 'its trace leads to its tables' || note "$(cat "$T/out" "$T/err")"
nothing_left 'nothing is left'

# ---- a merge that was to be tested ----
scene merge
task one
crash MERGE_MADE -c 'queue.check=true'
reboot
lose "$(git rev-parse "refs/ganger/$epic/${id[one]}/merge")"
go -c 'queue.check=true'
code_is 0 'with a lost merge it is finished' || note "$(cat "$T/out" "$T/err")"
like "$(cat "$T/err")" "task ${id[one]}: its merge was lost by a power cut" 'a lost merge is said'
is "$(ran one) $(landings)" "1 ${id[one]}" 'it is merged anew, its agent is not asked again'

# ---- what an agent left, and nobody had taken ----
scene cut
task one
does one 'echo whole >one'
crash JOB_ENDED
: >"$(echo $(epic_dir)/worktree/*)/one"
reboot
go -c limits.attempts=1
code_is 0 'what was not taken is done again' || note "$(cat "$T/out" "$T/err")"
is "$(ran one) $(git show "epic/$epic:one")" '2 whole' 'and lands as an agent wrote it'

# ---- a worktree that was made for an agent, which had not begun ----
scene made
task one
echo whole >given && git add given && git commit -q -m given
does one 'echo one >one' # and leaves it to be committed with all that differs
crash PREPARED
: >"$(echo $(epic_dir)/worktree/*)/given"
reboot
go -c limits.attempts=1
code_is 0 'where no agent had begun one does' || note "$(cat "$T/out" "$T/err")"
is "$(ran one) $(git show "epic/$epic:given")" '1 whole' 'in a worktree made anew'

done_testing
