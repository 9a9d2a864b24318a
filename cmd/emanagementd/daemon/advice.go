package daemon

import (
	"errors"
	"fmt"
	"log/slog"

	"emanagement/component"
)

// adviser knows how an administrator can remedy errors of the component: by a change of
// ejabberd.yml or of the configuration here. The component itself knows neither file.
type adviser struct {
	jid    string // of the component
	server string // its address, as configured
}

// oversizeAdvice is for requesters (component.Config.OversizeAdvice).
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
	if _, ok := errors.AsType[*component.TimeoutError](err); ok {
		return "the server is overloaded, or drops what its mod_privilege does not permit"
	}
	if _, ok := errors.AsType[*component.SizeError](err); ok {
		return "in ejabberd.yml, raise max_stanza_size of the component's listener, or write that limit into the configuration here as max_stanza_size"
	}
	for _, known := range []struct {
		cause  error
		advice string
	}{
		{component.ErrNoListener, "is the listener (module: ejabberd_service) in ejabberd.yml, and was it reloaded (ejabberdctl reload_config)?"},
		{component.ErrCertificate, "the name must be one in the server's certificate, and this machine must trust who signed that; on the same machine, a listener without tls on 127.0.0.1 needs none"},
		{component.ErrNoTLS, "is that the port of ejabberd_service with tls: true?"},
		{component.ErrNoHandshake, "is that the port of ejabberd_service? (that of HTTP is as silent)"},
		{component.ErrNoStream, "is that the port of ejabberd_service? (that of MQTT does so)"},
		{component.ErrSpeaksTLS, "if that is the component listener (tls: true), write server: tls://" + a.server + ", else name its port"},
		{component.ErrSpeaksHTTP, "name the port of ejabberd_service"},
		{component.ErrNoComponents, "is it the port of another listener than ejabberd_service?"},
		{component.ErrNotAuthorized, "both must be spelled as in ejabberd.yml; white space around the secret does not count here"},
	} {
		if errors.Is(err, known.cause) {
			return known.advice
		}
	}
	return ""
}

func (a adviser) onMissingGrant(e *component.MissingGrantError) string {
	switch {
	case e.Host == "":
		return "in ejabberd.yml, modules needs mod_privilege: {roster: {both: emanagement}}, and the access rule emanagement must allow the acl that names server: " + a.jid + "; no other process may be connected under that name"
	case len(e.Excluded) > 0:
		return "is it spelled as in ejabberd.yml?"
	}
	return "in ejabberd.yml, mod_privilege of this host needs roster: {both: emanagement}, and the access rule emanagement must allow this component; after reload_config it is found by itself"
}
