# Runs a server for as long as standard input, a pipe from the process that wants it, stays open.
# Arguments: the signal that ends the server at once, its folder, its command line. Prints its process id.
signal=$1 folder=$2
shift 2
exec 3<&0
"$@" </dev/null >>"$folder/output" 2>&1 3<&- &
server=$!
{
    read -r _ <&3
    : >"$folder/abandoned"
    kill -s "$signal" "$server"
    kill -s CONT "$server"
} &
reader=$!
echo "$server"
wait "$server"
kill "$reader"
if [ -e "$folder/abandoned" ]; then
    rm -rf -- "$folder"
fi
