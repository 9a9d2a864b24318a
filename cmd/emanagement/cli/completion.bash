# Completion for bash: source it, or put it where bash-completion looks.

_emanagement() {
	local IFS=$'\n' words=() rest=$COMP_LINE i word
	for ((i = 0; i <= COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		# A JID, and a flag with its value, is one word, where bash cuts it at @ and =.
		if [[ $i -gt 0 && -n $COMP_LINE && $rest != [[:space:]]* ]]; then
			words[-1]+=$word
		else
			rest=${rest#"${rest%%[![:space:]]*}"}
			words+=("$word")
		fi
		rest=${rest#"$word"}
	done
	# The last line of the answer is a directive of the library, not a word.
	COMPREPLY=($("${words[0]}" __completeNoDesc "${words[@]:1}" 2>/dev/null | sed '$d'))
	# What bash takes for the word is only what stands behind the last cut.
	local current=${words[-1]} behind=${COMP_WORDS[COMP_CWORD]}
	[[ $behind == [@=] ]] && behind=
	COMPREPLY=("${COMPREPLY[@]#"${current%"$behind"}"}")
	if [ ${#COMPREPLY[@]} = 0 ] && [ ${#words[@]} -gt 1 ]; then
		case ${words[-2]} in
		--config | --password-file | import) COMPREPLY=($(compgen -f -- "$current")) ;;
		esac
	fi
}
complete -F _emanagement emanagement
