package main

import (
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"emanagement/cmd/emanagement/cli"
	"emanagement/cmd/emanagementd/daemon"
	"emanagement/cmd/internal/version"
)

// manual writes the manual pages of emanagement and emanagementd into the folders man1 and
// man8 of a folder.
func manual(folder string) error {
	for section, command := range map[string]*cobra.Command{"1": cli.Command(), "8": daemon.Command(nil, nil, nil)} {
		dir := filepath.Join(folder, "man"+section)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		command.DisableAutoGenTag = true
		header := &doc.GenManHeader{Section: section, Source: "emanagement " + version.String(), Manual: "emanagement"}
		if err := doc.GenManTree(command, header, dir); err != nil {
			return err
		}
	}
	return nil
}
