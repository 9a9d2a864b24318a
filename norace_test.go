//go:build !race

package emanagement_test

const raceEnabled = false
