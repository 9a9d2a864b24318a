package daemon

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"emanagement/component"
)

// adviser knows how an administrator can remedy errors of the component: by a change of
// ejabberd.yml or of the daemon's configuration. The component itself knows neither file.
type adviser struct {
	jid    string // of the component
	server string // its address, as configured
}

// oversizeAdvice is the advice for requesters (component.Config.OversizeAdvice).
const oversizeAdvice = "the limit is max_stanza_size of the component's listener in ejabberd.yml; on the component's machine, the command line has no such limit"

// logAttr adds the advice to an error in the log (slog.HandlerOptions.ReplaceAttr).
func (a adviser) logAttr(_ []string, attr slog.Attr) slog.Attr {
	if err, ok := attr.Value.Any().(error); ok {
		attr.Value = slog.AnyValue(a.advise(err))
	}
	return attr
}

// advise returns an error with its advice, or the error itself if there is no advice.
func (a adviser) advise(err error) error {
	if advice := a.advice(err); advice != "" {
		return fmt.Errorf("%w; %s", err, advice)
	}
	return err
}

// advice returns how to remedy an error, or "" if that is unknown.
func (a adviser) advice(err error) string {
	if e, ok := errors.AsType[*component.MissingGrantError](err); ok {
		return a.onMissingGrant(e)
	}
	if e, ok := errors.AsType[*component.ExcludedError](err); ok {
		return fmt.Sprintf("if %s is a host of your server, write %s into emanagement's configuration; otherwise ignore it", e.Host, hostsLine(append(slices.Clone(e.Hosts), e.Host)))
	}
	if _, ok := errors.AsType[*component.TimeoutError](err); ok {
		return "the server is overloaded, or drops what its mod_privilege does not permit"
	}
	if _, ok := errors.AsType[*component.SizeError](err); ok {
		return "in ejabberd.yml, raise max_stanza_size of the component's listener, or write that limit into emanagement's configuration as max_stanza_size"
	}
	for _, known := range []struct {
		cause  error
		advice string
	}{
		{component.ErrNoListener, "is the listener (module: ejabberd_service) in ejabberd.yml, and was it reloaded (ejabberdctl reload_config)?"},
		{component.ErrCertificate, "the name must be in the server's certificate, and this machine must trust the authority that signed it; on the same machine, a listener without tls on 127.0.0.1 needs no certificate"},
		{component.ErrNoTLS, "is that the port of ejabberd_service with tls: true?"},
		{component.ErrNoHandshake, "is that the port of ejabberd_service? (the port of HTTP is just as silent)"},
		{component.ErrNoStream, "is that the port of ejabberd_service? (the port of MQTT behaves like this)"},
		{component.ErrSpeaksTLS, "if it is the listener for components (tls: true), write server: tls://" + a.server + ", otherwise name the port of that listener"},
		{component.ErrSpeaksHTTP, "name the port of ejabberd_service"},
		{component.ErrNoComponents, "is it the port of another listener than ejabberd_service?"},
		{component.ErrNotAuthorized, "both must be spelled as in ejabberd.yml; white space around the secret is ignored here"},
	} {
		if errors.Is(err, known.cause) {
			return known.advice
		}
	}
	return ""
}

// onMissingGrant returns the advice for a grant that the component misses.
func (a adviser) onMissingGrant(e *component.MissingGrantError) string {
	if len(e.Excluded) > 0 {
		return "is it spelled as in ejabberd.yml? emanagement's configuration must name the hosts to manage, and without hosts it is the parent domain of jid; write " + hostsLine(e.Excluded) + " with those that are hosts of your server"
	}
	return "in ejabberd.yml, mod_privilege of this host needs roster: {both: emanagement}, and the access rule emanagement must allow the acl that names server: " + a.jid + "; no other process may be connected under that name; after reload_config the component notices it by itself"
}

// hostsLine returns the line of the configuration that names these hosts.
func hostsLine(hosts []string) string { return "hosts: [" + strings.Join(hosts, ", ") + "]" }
