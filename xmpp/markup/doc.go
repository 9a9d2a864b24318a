// Package markup writes XML as text, and reads the XML that servers and clients usually
// send. It does both without encoding/xml, which needs several times as long.
package markup
