# Runs a server ("$@") until the standard input ends, that is until the program
# that started this script closes it, exits or is killed. Then the script kills the
# server and removes its folder ($DIR). A server that ends by itself leaves its
# folder.
#
# Both jobs have their own process groups, so that signals to the group of the
# starting program (Ctrl-C, timeout) do not reach them. They end with the input.
#
# A line of the input is the name of a signal for the server. After KILL the script
# ends, and leaves the folder.
set -m
trap : INT TERM HUP
"$@" </dev/null &
server=$!
{
	while read -r signal; do
		kill "-$signal" -- "-$server"
		[ "$signal" = KILL ] && exit
	done
	kill -KILL -- "-$server"
	rm -rf "$DIR"
} 2>/dev/null &
lifeline=$!

status=128
while [ "$status" -ge 128 ] && [ "$status" != 137 ]; do # a signal interrupted wait
	wait "$server"
	status=$?
done
if [ "$status" = 137 ]; then # killed, by the lifeline
	wait "$lifeline"
else
	kill -KILL -- "-$lifeline"
fi
exit 0
