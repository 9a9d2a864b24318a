package wire

// What emanagement, which is small, and emanagementd, which is all the rest,
// must agree on.

// The usual places of the configuration and of the control socket.
const (
	ConfigFile    = "/etc/emanagement/emanagement.yml"
	DefaultSocket = "/run/emanagement/control.sock"
)

// Commands lists what a command line can begin with beside a verb and flags.
func Commands() []string { return []string{"serve", "users", "completion", "version", "help"} }
