# Completion for bash. Source it, or put it into a folder of bash-completion.

_emanagement() {
	local IFS=$'\n' words=() rest=$COMP_LINE i word
	for ((i = 0; i <= COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		# Bash splits words at @ and =. Join the parts of a JID, or of a flag and its value.
		if [[ $i -gt 0 && -n $COMP_LINE && $rest != [[:space:]]* ]]; then
			words[-1]+=$word
		else
			rest=${rest#"${rest%%[![:space:]]*}"}
			words+=("$word")
		fi
		rest=${rest#"$word"}
	done
	# The last line of the output is a directive of the library, not a word.
	COMPREPLY=($("${words[0]}" __completeNoDesc "${words[@]:1}" 2>/dev/null | sed '$d'))
	# Bash replaces only the part after the last split, so remove the rest of the word.
	local current=${words[-1]} last=${COMP_WORDS[COMP_CWORD]}
	[[ $last == [@=] ]] && last=
	COMPREPLY=("${COMPREPLY[@]#"${current%"$last"}"}")
	if [ ${#COMPREPLY[@]} = 0 ] && [ ${#words[@]} -gt 1 ]; then
		case ${words[-2]} in
		--config | --password-file | import) COMPREPLY=($(compgen -f -- "$current")) ;;
		esac
	fi
}
complete -F _emanagement emanagement
