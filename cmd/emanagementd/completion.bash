# Completion for bash: source it, or put it where bash-completion looks.

# A JID, and a flag with its value, is one word.
COMP_WORDBREAKS=${COMP_WORDBREAKS//[@=]/}

_emanagement() {
	local IFS=$'\n' current=${COMP_WORDS[COMP_CWORD]}
	COMPREPLY=($("${COMP_WORDS[0]}" completion words "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
	if [ ${#COMPREPLY[@]} = 0 ]; then
		case ${COMP_WORDS[COMP_CWORD - 1]} in
		--config | --password-file | import) COMPREPLY=($(compgen -f -- "$current")) ;;
		esac
	fi
}
complete -F _emanagement emanagement
