package stanzas

import (
	"log/slog"

	"emanagement/component"
	"emanagement/server/ejabberd"
)

// Server reaches the users of every host that grants a component access. It implements
// rosterpush.Server, message.Server, and the methods of presence.Server that concern
// subscribers and presences of addresses at the component's domain. Its methods may be used
// concurrently. Those that make a request block until the host has granted access and has
// answered.
//
// A roster request whose stream is lost is repeated on the next stream (server.Repeat). It
// reads or sets a state, so a repetition does no harm.
type Server struct {
	component  *component.Component
	api        *ejabberd.API
	log        *slog.Logger
	methods    writeMethods
	unreadable unreadableRosters
	listings   hostStates[listing]
	sharings   hostStates[hostSharing]
}

// New returns the server of a component. It registers the probe of each host that grants
// access (component.OnGrant), so it must be called before the component runs. api must be
// of the same component.
func New(c *component.Component, api *ejabberd.API, log *slog.Logger) *Server {
	s := &Server{
		component: c, api: api, log: log,
		methods: newWriteMethods(), unreadable: newUnreadableRosters(),
	}
	c.OnGrant(s.probeHost)
	return s
}

// Spelling implements rosterpush.Server.
func (s *Server) Spelling(host string) string { return s.component.Spelling(host) }
