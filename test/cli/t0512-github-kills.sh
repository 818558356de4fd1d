#!/usr/bin/env bash
# kill -9 of the supervisor between a request to GitHub and its answer: the next run finds out what was
# done, and goes on. ALL=1: at every request of an epic of three, before and after it was acted upon, a run
# each (minutes). ALL=1 CHILDREN=30: at every request of an epic of as many, many to a run (an hour). SHARE=1/4:
# a part of either.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/scene.sh"
. "$(dirname "$0")/github.sh"
WAIT_S=$((100 + 10 * children))
export T

# run_as_named LAND: a run whose process the stand-in finds.
run_as_named()
{
	run timeout -k 5 "$WAIT_S" bash -c 'echo $$ >"$T/pid" && exec "$@"' - \
		"$GANGER" "${on_hub[@]}" -c forge.land="$1" run "$epic" --yes 2>/dev/null
}

# killed_at LAND N AFTER: a run that is killed at its Nth request; AFTER: once that was acted upon.
killed_at()
{
	rm -f "$T/pid"
	heal
	strike "{\"act\": \"kill\", \"pid\": \"$T/pid\", \"nth\": $2, \"after\": $3}"
	run_as_named "$1"
}

# came_home NAME: all are in, once, and closed, each by one attempt (origins 4c-5); nobody complains.
came_home()
{
	local found
	found="$code|$(cut -d' ' -f1 "$T/ran" | sort -V | xargs)|$(sorted_landings)|$(closed)|$(pulls | cut -d' ' -f2 | sort | uniq -c | xargs)|$(books)|$(git -C "$bare" rev-parse "epic/$epic")"
	is "$found" "0|t${all// / t}|$all|$all|$children merged||$(git rev-parse "epic/$epic")" "$1"
	[[ $found == 0* ]] || note "$(cat "$T/err")" "$(cat "$T/out")"
}

# sweep LAND AFTER EVERY PART: a run that is killed and begun anew until it comes through, at each request of
# this part that no life of it has made before. Those of all parts together are all.
sweep()
{
	local n name="sweep-$1-$2-$4"
	the_epic "$name"
	rm -f "$T/pid"
	strike "{\"act\": \"kill\", \"pid\": \"$T/pid\", \"every\": $3, \"part\": $4, \"after\": $2}"
	for ((n = 0; n < 500; n++)); do
		run_as_named "$1"
		[ "$code" = 137 ] || break
	done
	came_home "$1: killed $n times, at each request of part $4 of $3, after it: $2"
	nothing_left "$1: nothing is left"
	control asked | jq -r '.faults[0].struck[]' >"$T/struck"
	epic_gone "$name"
}

if [ ! "${ALL-}" ]; then
	for land in push api; do
		sweep $land "$([ $land = api ] && echo true || echo false)" 5 0
		ok "$land: that was more than twice" test "$(wc -l <"$T/struck")" -gt 3
	done
	done_testing
fi

# every_request LAND AFTER: a run each, of a small epic.
every_request()
{
	local n
	for ((n = 1; n < 400; n++)); do
		mine || continue
		the_epic "kill-$1-$2-$n"
		killed_at "$1" "$n" "$2"
		[ "$code" = 137 ] || break
		heal
		go "${on_hub[@]}" -c forge.land="$1"
		came_home "$1: killed at request $n, after it: $2"
		epic_gone "kill-$1-$2-$n"
	done
	ok "$1: a run has more than 30 requests" test "$n" -gt 30
}

# asked_of LAND: the requests of a run that nobody kills, by the names that a sweep has for them.
asked_of()
{
	the_epic "plain-$1"
	strike "{\"act\": \"kill\", \"pid\": \"$T/pid\", \"every\": $parts, \"part\": -1}"
	run_as_named "$1"
	came_home "$1: not killed"
	control asked | jq -r '.faults[0].seen[]' | sort >"$T/asked"
	epic_gone "plain-$1"
}

# every_part LAND AFTER: of a larger epic.
every_part()
{
	local part missed
	: >"$T/all" >"$T/due"
	for ((part = 0; part < parts; part++)); do
		mine || continue
		sweep "$1" "$2" "$parts" "$part"
		cat "$T/struck" >>"$T/all"
		grep "^$part .* 1$" "$T/asked" >>"$T/due"
	done
	# Those that are made more than once depend on how long a life is; and of whom it is asked first whether
	# there are asynchronous merges is chance.
	missed=$(comm -23 <(sort "$T/due") <(sort "$T/all"))
	note "$1: $(wc -l <"$T/all") kills, after it: $2; $(wc -l <"$T/due") requests of a run that nobody kills were due" \
		"not among them: ${missed:-none}"
	ok "$1: no more than chance leaves out" test "$(grep -c . <<<"$missed")" -le $((1 + $(wc -l <"$T/due") / 20))
}
parts=$((children * 2 / 3)) # about a kill a task and run

for land in push api; do
	[ "$children" -le 10 ] || asked_of $land
	for after in false true; do
		if [ "$children" -gt 10 ]; then
			every_part $land $after
		else
			every_request $land $after
		fi
	done
done
done_testing
