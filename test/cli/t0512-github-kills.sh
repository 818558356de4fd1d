#!/usr/bin/env bash
# kill -9 of the supervisor between a request to GitHub and its answer: the next run finds out what was
# done, and goes on. ALL=1: at every request of a run, before and after it was acted upon (minutes).
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/scene.sh"
. "$(dirname "$0")/github.sh"
WAIT_S=100
export T

# killed_at LAND N AFTER: a run that is killed at its Nth request; AFTER: once that was acted upon.
killed_at()
{
	rm -f "$T/pid"
	heal
	strike "{\"act\": \"kill\", \"pid\": \"$T/pid\", \"nth\": $2, \"after\": $3}"
	run timeout -k 5 "$WAIT_S" bash -c 'echo $$ >"$T/pid" && exec "$@"' - \
		"$GANGER" "${on_hub[@]}" -c forge.land="$1" run "$epic" --yes 2>/dev/null
}

# came_home NAME: all three are in, once, and closed, each by one attempt (origins 4c-5); nobody complains.
came_home()
{
	local found
	found="$code|$(cut -d' ' -f1 "$T/ran" | sort | xargs)|$(sorted_landings)|$(closed)|$(pulls | cut -d' ' -f2 | paste -sd ' ')|$(books)|$(git -C "$bare" rev-parse "epic/$epic")"
	is "$found" "0|t2 t3 t4|2 3 4|2 3 4|merged merged merged||$(git rev-parse "epic/$epic")" "$1"
	[[ $found == 0* ]] || note "$(cat "$T/err")" "$(cat "$T/out")"
}

# Again and again, a little later each time.
for land in push api; do
	hub_epic 3 '4:2' "kills-$land"
	for ((n = 1; n < 200; n += 4)); do
		killed_at $land "$n" "$([ $((n % 8)) = 1 ] && echo true || echo false)"
		[ "$code" = 137 ] || break
	done
	came_home "$land: killed at the 1st, 5th, 9th … ${n}th request of a run each"
	ok "$land: that was more than twice" test "$n" -gt 9
	nothing_left "$land: nothing is left"
done
[ "${ALL-}" ] || done_testing

for land in push api; do
	for after in false true; do
		for ((n = 1; n < 400; n++)); do
			hub_epic 3 '4:2' "kill-$land-$after-$n"
			killed_at $land "$n" $after
			[ "$code" = 137 ] || break
			heal
			go "${on_hub[@]}" -c forge.land=$land
			came_home "$land: killed at request $n, after it: $after"
			hub_down
			rm -rf "$T/kill-$land-$after-$n"*
		done
		ok "$land: a run has more than 30 requests" test "$n" -gt 30
	done
done
done_testing
