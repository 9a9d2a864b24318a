// Package paths has the usual places of the files that several programs use.
package paths

const (
	Config  = "/etc/emanagement/emanagement.yml" // the configuration
	Control = "/run/emanagement/control.sock"    // the control socket
)
