#!/usr/bin/env bash
# A full disk: claiming stops, nothing is lost, it goes on when there is room.
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] || skip_all 'only root can mount a small tmpfs'
. "$(dirname "$0")/scene.sh"
disk=$T/disk
mkdir "$disk"
mount -t tmpfs -o size=24m,mode=0700 ganger-test "$disk" 2>/dev/null || skip_all 'a tmpfs cannot be mounted here'
export XDG_STATE_HOME=$disk/state
trap 'umount -l "$disk" 2>/dev/null; at_end' EXIT

# For agents: until nothing more fits.
mkdir -p "$T/bin"
program fill <<'END'
#!/bin/sh
dd if=/dev/zero of="$T/disk/filler" bs=4k 2>/dev/null
cat /dev/zero >>"$T/disk/filler" 2>/dev/null
exit 0
END
export PATH=$T/bin:$PATH

make_room()
{
	rm -f "$disk/filler"
}

# The state is on the disk that runs full; the repository is elsewhere.
scene
for title in one two three four; do
	task $title
done
does one '[ -e "$T/filled" ] || { fill; echo 1 >"$T/filled"; flock -s "$T/gate" true; }; echo 1 >one || exit 1'
hold
start -c limits.max_concurrent=1
ok 'the first fills the disk' wait_file "$T/filled" 1
release
ok 'it is said' wait_file "$T/run.err" '^the disk is full: nothing is started until there is room$'
is "$(ran two) $(ran three) $(ran four)" '0 0 0' 'nothing more is begun'
ok 'the supervisor lives' alive "$supervisor"
is "$(ganger status "$epic" --json | jq -c .supervisor)" \
	"{\"pid\":$supervisor,\"alive\":true}" 'status can still be asked for'
make_room
ok 'room is noticed' wait_file "$T/run.err" '^there is room on the disk again$'
ended
code_is 0 'and it goes on to its end'
is "$(sorted_landings)" "$(printf '%s\n' "${id[@]}" | sort -n | xargs)" 'each landed once'
is "$(ran two) $(ran three) $(ran four)" '1 1 1' 'each agent ran once'
is "$(tree | grep -cx -e one -e two -e three -e four)" 4 'nothing is lost'
nothing_left 'nothing is left'

# Killed on the full disk, and run again on it: it waits as well.
scene killed
task one
task two one
does one 'echo 1 >one; [ -e "$T/filled2" ] || { fill; echo 1 >"$T/filled2"; flock -s "$T/gate" true; }'
hold
start
ok 'the first fills the disk' wait_file "$T/filled2" 1
killed
release
start
ok 'it is said' wait_file "$T/run.err" '^the disk is full'
is "$(ran two)" 0 'nothing is begun'
make_room
ended
code_is 0 'with room it goes on to its end'
is "$(ran one) $(ran two)" '1 1' 'each agent ran once' || note "$(cat "$T/ran")"
is "$(landings | xargs)" "${id[one]} ${id[two]}" 'each landed once'
nothing_left 'nothing is left'

# The repository is on it as well: also what Git writes fails, and is tried again.
umount "$disk" && mount -t tmpfs -o size=24m,mode=0700 ganger-test "$disk"
home=$T
T=$disk scene all
T=$home
sed -i "s|$disk/bin|$T/bin|; s|T: \"$disk\"|T: \"$T\"|" ganger.yaml
mkdir -p "$T/do"
git commit -q -a -m settings
task one
task two
does one '[ -e "$T/filled3" ] || { fill; echo 1 >"$T/filled3"; flock -s "$T/gate" true; }; echo 1 >one || exit 1'
hold
start -c limits.max_concurrent=1
ok 'the first fills the disk' wait_file "$T/filled3" 1
release
ok 'it is said' wait_file "$T/run.err" '^the disk is full'
make_room
ended
code_is 0 'with room it goes on to its end'
is "$(tree | grep -cx -e one -e two) $(landings | wc -w)" '2 2' 'each landed once'
nothing_left 'nothing is left'
done_testing
