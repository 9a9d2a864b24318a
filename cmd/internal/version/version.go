// Package version has the version of the programs.
package version

import "runtime/debug"

// release is the version of the code; CHANGELOG.md lists its changes.
const release = "v0.2.0"

// String returns the release with the commit of the build, if that is known. It ends with
// +changed if the source had uncommitted changes.
func String() string {
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return release
	}
	text, changed := release, ""
	for _, s := range build.Settings {
		switch {
		case s.Key == "vcs.revision":
			text += "-" + s.Value[:min(12, len(s.Value))]
		case s.Key == "vcs.modified" && s.Value == "true":
			changed = "+changed"
		}
	}
	return text + changed
}
