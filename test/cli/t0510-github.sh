#!/usr/bin/env bash
# The forge GitHub, by its stand-in: pull requests into the epic branch, landed by push or by the API.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/scene.sh"
. "$(dirname "$0")/github.sh"

there()
{
	git -C "$bare" rev-parse "epic/$epic"
}

for land in push api; do
	hub "$land"
	task one
	task two one
	go "${on_hub[@]}" -c forge.land=$land
	code_is 0 "$land: the epic is done"
	is "$(pulls)" "1 merged ganger/$epic/${id[one]} epic/$epic
2 merged ganger/$epic/${id[two]} epic/$epic" "$land: each a pull request into the epic branch, merged"
	is "$(landings)" "${id[one]} ${id[two]}" "$land: in order, each with its trailers"
	is "$(there)" "$(git rev-parse "epic/$epic")" "$land: here and there are the same"
	is "$(books)" '' "$land: no rule of conduct was broken"
	unlike "$(issues)" 'Closes #' "$land: the number of a local issue closes nothing there"
	nothing_left "$land: nothing is left"
done
done_testing
