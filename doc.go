// Package emanagement holds the tests of the component as a whole, against a
// real server. The program is in cmd/emanagement and cmd/emanagementd.
package emanagement
