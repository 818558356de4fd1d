#!/usr/bin/env bash
# The outside checker sees each thing that it is there for: a good world, and one fault at a time.
. "$(dirname "$0")/../cli/lib.sh"
here=$(cd "$(dirname "$0")" && pwd)
command -v flock >/dev/null || skip_all 'there is no flock'

: >"$T/none" && mkdir "$T/good" && cd "$T/good" || exit 1
export XDG_STATE_HOME=$T/good/state
git init -q repo && cd repo || exit 1
cat >ganger.yaml <<END
agents:
  storm:
    command: exec '$here/agent' '$T/good/book' 3
limits: {max_concurrent: 3}
retry: {delay: 10ms}
END
git add . && git commit -q -m start
cat >../plan.md <<'END'
# A small storm

- [ ] one
  %storm fail
- [ ] two
  %storm leave
  after: 1
- [ ] three
  %storm nothing
END
epic=$(ganger import markdown ../plan.md 2>"$T/err")
"$here/check" --fingerprint . >../before
run ganger run "$epic" --yes
code_is 0 'a small epic is run'

# world NAME: the world anew, as copy $W; $R, $S, $D are its repository, state and epic's folder.
world()
{
	rm -rf "$T/world"
	cp -a "$T/good" "$T/world"
	W=$T/world R=$W/repo
	S=$(echo "$W"/state/ganger/repo-*)
	D=$S/$epic
	cd "$R" || exit 1
}

check()
{
	run "$here/check" --repo "$R" --state "$S" --epic "$epic" --book "$W/book" \
		--before "$W/before" --max 3
}

# planted RULE NAME: the checker, now, has a fault of that rule.
planted()
{
	check
	code_is 1 "$2"
	out_like "^$1: " "$2: by the rule '$1'"
}

sql()
{
	python3 - "$1" "$2" <<-'END' || exit 1
		import sqlite3, sys
		db = sqlite3.connect(sys.argv[1], isolation_level=None)
		db.executescript(sys.argv[2])
		db.close()
	END
}

world
check
code_is 0 'a good world has no fault' || note "$(cat "$T/out")"
out_like '^[0-9]+ rules hold: 3 tasks, 2 landings, 4 attempts$' 'and is counted'

for gone in book before repo/.git state; do
	world
	rm -rf "${W:?}/$gone"
	planted input "without $gone"
done
for gone in issues.db pulls.db "$epic/journal.db"; do
	world
	rm "$S/$gone"
	planted input "without $gone"
done
world
echo 'start 1' >>"$W/book"
planted input 'half a line in the book'
world
: >"$W/book"
planted input 'an empty book'
world
rm ".git/logs/refs/heads/epic/$epic"
planted forward 'without the reflog'
run "$here/check" --repo "$R"
code_is 2 'without an argument'

tip=$(git rev-parse "epic/$epic")
# land TASK: one more landing.
land()
{
	local new

	new=$(git commit-tree -p "$tip" -m "again

Ganger-Task: $1" "$tip^{tree}") && git update-ref --create-reflog "refs/heads/epic/$epic" "$new"
}
world
land 1
planted landed-once 'a task that landed twice'
world
land 77
planted landed-once 'a task that is none'
world
sql "$S/issues.db" "INSERT INTO issues SELECT seq + 10, 9, 9, title, '', '', type, status, 0,
	'', 2, '', '', 0, 0, 0, 0 FROM issues WHERE id = '1';
	INSERT INTO children (epic, task) VALUES ('$epic', '9')"
planted closed 'an issue closed without its merge'
check
out_like '^journal: ' 'which is not in the journal either'
world
sql "$S/issues.db" "UPDATE issues SET open = 1 WHERE id = '2'"
planted ended 'an issue left open'
planted closed 'though it landed'
world
sql "$D/journal.db" "UPDATE task SET landed = '$(git rev-parse main)' WHERE id = '2'"
planted closed 'a journal that has another landing'
world
sed -i "s/^\(start 2 1 [0-9]*\) [0-9a-f]*/\1 $(git rev-parse main)/" "$W/book"
planted dependencies 'a start without what it needs'
world
sed -n '/^start 2 1/p' "$W/book" >>"$W/book"
planted once 'an attempt that began twice'
world
sed "s/^start 2 1 \([0-9]*\) [0-9a-f]*/start 2 2 \1 $tip/;t;d" "$W/book" >>"$W/book"
planted once 'an attempt after the landing'
world
sed -i 's/^\(start 2 .*\) alone$/\1 overlap/' "$W/book"
planted one-agent 'two agents of one task'
world
sed -i 's/^\(start 2 .*\) [0-9]* alone$/\1 crowded alone/' "$W/book"
planted max 'one agent too many'
world
git update-ref --create-reflog "refs/heads/epic/$epic" "$tip^1"
planted forward 'a branch that went back'
world
sed -i 1d ".git/logs/refs/heads/epic/$epic" && sed -i '$d' ".git/logs/refs/heads/epic/$epic"
planted forward 'a reflog that lacks a line'
world
sql "$S/pulls.db" "UPDATE pulls SET state = 1 WHERE task = '2'"
planted pulls 'a pull request that is still open'
world
sql "$S/pulls.db" "INSERT INTO pulls SELECT 50, head, base, head_sha, title, body, task, state,
	merged_sha, 0, 0, 0 FROM pulls WHERE task = '2'"
planted pulls 'a pull request merged twice'
world
git update-ref -d "refs/ganger/$epic/1/1"
planted kept 'work that no ref has'
world
sql "$D/journal.db" "UPDATE task SET head = '$(printf %040d 7)' WHERE id = '2'"
planted kept 'a commit in the journal that is not there'
world
sed -i "s/^\(wrote 2 1 .*\) [0-9a-f]*$/\1 $(git hash-object ganger.yaml)/" "$W/book"
planted content 'content that nobody wrote'
world
echo changed >>ganger.yaml
planted checkout 'a changed file of the user'
world
git config user.name other
planted checkout 'a changed setting of the user'
world
: >new
planted checkout 'a new file in the checkout'
world
git worktree add -q "$W/more" main~0 --detach
planted worktrees 'a worktree that is left'
world
mkdir -p "$D/job/7"
planted worktrees 'a job that is left'
world
: >.git/index.lock
planted locks 'a lock of git'
world
exec 9>>"$D/helpers.lock" && flock 9
planted locks 'a lock that is held'
exec 9>&-
world
rm -f ".git/objects/$(git rev-parse "$tip^2" | sed 's,..,&/,')"
planted objects 'an object that is gone'
world
env GANGER_JOB="$D/job/7" tail -f /dev/null >"$T/none" &
planted processes 'a process of a job'
kill $!
wait $! 2>/dev/null
mkdir -p "$D/worktree/x"
(cd "$D/worktree/x" && exec tail -f /dev/null >"$T/none") &
wait_until=$((SECONDS + WAIT_S))
until [ "$(readlink "/proc/$!/cwd")" = "$D/worktree/x" ] || [ $SECONDS -gt $wait_until ]; do :; done
planted processes 'a process in a worktree'
kill $!
wait $! 2>/dev/null

# The agent's own book. A flock(1) that is killed, before it has the lock or after, says nothing
# of the lock: that agent is not told of as one beside another.
FLOCK=$(command -v flock)
export FLOCK T
program flock <<'END'
#!/bin/sh
echo >>"$T/asked"
case $(wc -l <"$T/asked") in
1 | 4) kill -9 $$ ;;
2 | 5) "$FLOCK" "$@"; kill -9 $$ ;;
*) exec "$FLOCK" "$@" ;;
esac
END
# agent BOOK: one agent of task 1, with the flock above.
agent()
{
	rm -f "$T/asked"
	echo '%storm nothing' |
		GANGER_TASK=1 GANGER_ATTEMPT=1 PATH="$T/bin:$PATH" run "$here/agent" "$1" 3
}
world
agent "$T/book"
like "$(cat "$T/book")" '^start 1 1 [0-9]+ [0-9a-f]+ 0 alone$' 'a killed flock is no other agent'
exec 8>>"$T/book.task-1" && flock 8
agent "$T/book"
like "$(cat "$T/book")" '^start 1 1 [0-9]+ [0-9a-f]+ 0 overlap$' 'an agent that lives is one'
exec 8>&-
cd /

done_testing
