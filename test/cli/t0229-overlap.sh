#!/usr/bin/env bash
# Tasks that touch the same files: told by the plan, and by setting kept apart.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/scene.sh"

scene
declared()
{
	id[$1]=$(ganger add "$1" --epic "$epic" --body "Do it.

files: $2")
}
declared a 'src/shared.c, docs/'
declared b '`src/*.c`'
declared c 'lib'
task apart
id[after]=$(ganger add after --epic "$epic" --body 'files: lib/x' --after "${id[c]}")
run ganger plan "$epic"
code_is 0 'a plan'
out_like "^touch the same files:$" 'tells of tasks that touch the same files'
out_like "^  ${id[a]} and ${id[b]}: src/shared.c$" 'which'
is "$(grep -c '^  .* and .*:' "$T/out")" 1 'but not of those that wait for one another'
out_like "^they may run at the same time and conflict; queue.overlap: wait " 'what becomes of it, and the key'
run ganger -c queue.overlap=wait plan "$epic"
out_like '^they run one after the other' 'by setting they do not'
is "$(ganger plan "$epic" --json | jq -c .overlaps)" \
	"[{\"tasks\":[\"${id[a]}\",\"${id[b]}\"],\"files\":\"src/shared.c\"}]" 'also as JSON'

# One after the other: the second begins with what the first did.
for title in a b; do
	does "$title" "ls src 2>/dev/null >\"\$T/saw-$title\"; mkdir -p src; echo $title >>src/shared.c; git add -A; git commit -q -m $title"
done
go -c queue.overlap=wait
code_is 0 'kept apart, both land'
is "$(ran a) $(ran b)" '1 1' 'without a conflict'
is "$(cat "$T/saw-b")" shared.c 'the second began with the work of the first'
is "$(git show "epic/$epic:src/shared.c")" $'a\nb' 'in their order'
run ganger replay "$(epic_dir)/journal.db"
code_is 0 'and it is replayed alike' || note "$(cat "$T/out" "$T/err")"

# What an attempt was seen to touch counts too, whatever the issue says.
scene seen
task one
declared two shared
does one 'if [ "$GANGER_ATTEMPT" = 1 ]; then echo half >shared; git add -A; git commit -q -m half; exit 1; fi
cat shared >"$T/saw"; echo one >>shared; git add -A; git commit -q -m one'
does two 'flock -s "$T/gate" true; echo two >shared; git add -A; git commit -q -m two'
hold
start -c queue.overlap=wait
ok 'an attempt fails' wait_file "$T/run.out" " ${id[one]}  waiting-retry "
ok 'it waits for who touches the same' wait_json "$(epic_dir)/swarm-progress.json" "\"issue\": *\"${id[one]}\"[^}]*\"status\": *\"ready\""
like "$(why one)" "waits for ${id[two]}, which touches the same files$" 'and says so'
like "$(ganger plan "$epic")" "^  ${id[one]} and ${id[two]}: shared$" 'the plan knows it as well'
is "$(ran one)" 1 'it is not begun'
release
ended
code_is 0 'and is begun when that has landed'
is "$(cat "$T/saw") $(ran one)" 'two 2' 'with its work'
nothing_left 'nothing is left'

# What an agent has changed so far counts while it is at work, committed or not.
scene working
task one
task first
id[two]=$(ganger add two --epic "$epic" --body 'files: shared' --after "${id[first]}")
does one 'echo one >shared; flock -s "$T/gate" true; git add -A; git commit -q -m one'
mkfifo "$T/go-on"
does first "read -r _ <'$T/go-on'; echo first >first; git add -A; git commit -q -m first"
does two 'cat shared >"$T/saw"; echo two >>shared; git add -A; git commit -q -m two'
hold
start -c queue.overlap=wait
ok 'two agents work' wait_lines "$T/ran" 2
# told: the run knows of two that touch the same files.
told()
{
	python3 - "$(epic_dir)/journal.db" "$WAIT_S" <<'END'
import sqlite3, sys, time
db = sqlite3.connect(f'file:{sys.argv[1]}?mode=ro', uri=True)
end = time.monotonic() + float(sys.argv[2])
while not db.execute("SELECT 1 FROM trace WHERE kind = 'OVERLAP'").fetchall():
    if time.monotonic() > end:
        sys.exit('there is no such event')
    time.sleep(0.02)
END
}
ok 'what one of them changes is seen' told
echo >"$T/go-on"
ok 'who is ready and touches it waits' wait_json "$(epic_dir)/swarm-progress.json" "\"issue\": *\"${id[two]}\"[^}]*\"status\": *\"ready\""
like "$(why two)" "waits for ${id[one]}, which touches the same files$" 'and says so'
is "$(ran two)" 0 'it is not begun'
like "$(ganger plan "$epic")" "^  ${id[one]} and ${id[two]}: shared$" 'the plan sees it as well'
release
ended
code_is 0 'and is begun when that has landed'
is "$(cat "$T/saw") $(ran two)" 'one 1' 'with its work'
run ganger replay "$(epic_dir)/journal.db"
code_is 0 'which is replayed alike'
nothing_left 'nothing is left'

# An issue that is closed while it is worked on is still worked on, also for the next supervisor.
scene closed
declared one shared
declared two shared
does one 'flock -s "$T/gate" true; echo one >shared; git add -A; git commit -q -m one'
does two 'cat shared >"$T/saw"; echo two >>shared; git add -A; git commit -q -m two'
hold
start -c queue.overlap=wait
ok 'one works' wait_lines "$T/ran" 1
run ganger close "${id[one]}"
code_is 0 'somebody closes it'
killed
start -c queue.overlap=wait
release
ended
code_is 0 'both land'
is "$(cat "$T/saw") $(ran two)" 'one 1' 'one after the other'
nothing_left 'nothing is left'
done_testing
