// Command emanagementd is the component: it connects to an XMPP server, carries out the
// verbs of emanagement, and keeps the index of users.
package main

import (
	"os"

	"emanagement/cmd/emanagementd/daemon"
)

func main() { os.Exit(daemon.Main(os.Args[1:])) }
