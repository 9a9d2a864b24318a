// Command emanagement runs the verbs of a component: on the component's machine over
// its control socket, from any other machine as an XMPP account. Scripts call it for
// every friendship, so that it starts quickly: it has no database and no server in it.
// What serves is emanagementd.
package main

import (
	"os"

	"emanagement/cmd/emanagement/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:])) }
