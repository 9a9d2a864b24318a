// Package paths has the default paths of files that several programs use.
package paths

// The default paths.
const (
	Config  = "/etc/emanagement/emanagement.yml" // the configuration
	Control = "/run/emanagement/control.sock"    // the control socket
)
