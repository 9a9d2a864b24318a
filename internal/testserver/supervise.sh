# Runs a server ("$@") for as long as whoever started this holds its standard
# input open, however that ends, and then removes the server's folder ($DIR).
# If the server ends by itself, the folder stays.
set -m
"$@" </dev/null &
server=$!
cat >/dev/null &
lifeline=$!
wait -n
if kill -0 "$lifeline" 2>/dev/null; then
	kill -KILL "$lifeline"
	exit 0
fi
kill -KILL -- "-$server"
wait
rm -rf "$DIR"
