// Command emanagement-client is the command emanagement without the plain line: flags,
// --as, help and completion. emanagement starts it, so that a plain line does not wait for
// the start of all that (docs/performance.md).
package main

import (
	"os"

	"emanagement/cmd/emanagement/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:])) }
