# Runs a server ("$@") for as long as whoever started this holds its standard
# input open. When that ends, however it does, the server is killed and its
# folder ($DIR) removed. A server that ends by itself leaves its folder.
#
# Both jobs have process groups of their own, so that signals to the starter's
# group (Ctrl-C, timeout) do not reach them: the end of the input does.
set -m
trap : INT TERM HUP
"$@" </dev/null &
server=$!
{
	cat >/dev/null
	kill -KILL -- "-$server"
	rm -rf "$DIR"
} 2>/dev/null &
lifeline=$!

status=128
while [ "$status" -ge 128 ] && [ "$status" != 137 ]; do # a signal ended the wait
	wait "$server"
	status=$?
done
if [ "$status" = 137 ]; then # killed, by the lifeline
	wait "$lifeline"
else
	kill -KILL -- "-$lifeline"
fi
exit 0
