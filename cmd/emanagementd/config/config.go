// Package config loads and checks the daemon's configuration.
package config

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"mellium.im/xmpp/jid"

	"emanagement/cmd/internal/configfile"
	"emanagement/component"
	"emanagement/oserror"
	"emanagement/server/ejabberd"
	"emanagement/verb"
	"emanagement/xmpp/address"
)

// Config is a checked configuration.
type Config struct {
	JID    jid.JID // the component's domain
	Server string  // see component.CheckAddress
	Secret []byte  // shared with the server
	State  string  // the folder of the index of users and the journal; empty: they are kept in memory
	Audit  string  // file of the audit log; empty: the program's log
	// Control is the control socket. If it is Fixed, the program must not run without it.
	Control Socket
	Hosts   []string // to serve, one at least
	// MaxStanza is the server's limit for one stanza, in bytes; 0: unknown.
	MaxStanza int
	Access    []verb.Grant
	API       ejabberd.Endpoint // without a URL: the API over HTTP is not used
	Limits    Limits
}

// minStanza is the smallest valid max_stanza_size, in bytes.
const minStanza = 10_000

// Load reads the configuration from the file at path and from the environment, and the
// secret from its file. The error is one line that names the file or the environment
// variable, and the key.
func Load(path string, getenv func(string) string) (Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Config{}, oserror.File(path, err)
	}
	f, err := configfile.Parse(text)
	if err != nil {
		return Config{}, fmt.Errorf("%s: %w", path, err)
	}
	sources := f.OverrideFrom(getenv)
	c, key, err := check(&f)
	if err != nil {
		return Config{}, fmt.Errorf("%s: %s: %w", cmp.Or(sources[key], path), key, err)
	}
	return c, nil
}

// check returns the checked configuration. If there is an error, key is the wrong key.
func check(f *configfile.File) (c Config, key string, err error) {
	if c.JID, err = parseDomain(f.JID); err != nil {
		return c, "jid", err
	}
	if f.Server == "" {
		return c, "server", errors.New("missing; the address at which the server listens for the component, such as 127.0.0.1:5347")
	}
	if err := component.CheckAddress(f.Server); err != nil {
		return c, "server", err
	}
	if c.Secret, err = readSecret(f); err != nil {
		return c, "secret_file", err
	}
	if c.Hosts, err = parseHosts(f.Hosts, c.JID); err != nil {
		return c, "hosts", err
	}
	for i, a := range f.Access {
		g, key, err := checkAccess(a)
		if err != nil {
			return c, fmt.Sprintf("access[%d].%s", i, key), err
		}
		c.Access = append(c.Access, g)
	}
	if c.API, key, err = checkAPI(f.API); err != nil {
		return c, "api." + key, err
	}
	if c.Limits, key, err = checkLimits(f.Limits); err != nil {
		return c, "limits." + key, err
	}
	if c.Control, err = parseSocket(f.Control); err != nil {
		return c, "control", err
	}
	if c.Control.Group, err = parseGroup(f.Group); err != nil {
		return c, "control_group", err
	}
	if c.MaxStanza = f.MaxStanza; c.MaxStanza < 0 || c.MaxStanza > 0 && c.MaxStanza < minStanza {
		return c, "max_stanza_size", fmt.Errorf("%d is less than the %d bytes that an answer needs", c.MaxStanza, minStanza)
	}
	c.Server, c.State, c.Audit = f.Server, f.State, f.Audit
	return c, "", nil
}

// checkAccess returns the grant that an entry of access describes. If there is an error,
// key is the wrong key of the entry.
func checkAccess(a configfile.Access) (g verb.Grant, key string, err error) {
	if key, err := checkGrantee(a, &g); err != nil {
		return g, key, err
	}
	if g.Role, err = verb.ParseRole(a.Role); err != nil {
		return g, "role", err
	}
	for _, h := range a.Hosts {
		d, err := parseDomain(h)
		if err != nil {
			return g, "hosts", err
		}
		g.Hosts = append(g.Hosts, d.String())
	}
	verbs := verb.Verbs()
	for _, name := range a.Unconfirmed {
		i := slices.IndexFunc(verbs, func(v *verb.Verb) bool { return v.Name == name && v.Destroys() })
		switch {
		case i < 0:
			return g, "unconfirmed", fmt.Errorf("%q is not a verb that must be confirmed", name)
		case verbs[i].Role > g.Role:
			return g, "unconfirmed", fmt.Errorf("%s takes the role %s, which this entry does not have", name, verbs[i].Role)
		}
	}
	g.Unconfirmed = a.Unconfirmed
	return g, "", nil
}

// checkGrantee puts the grantee of an entry into the grant: a JID, or a user or a group of
// this machine. If there is an error, key is the wrong key of the entry.
func checkGrantee(a configfile.Access, g *verb.Grant) (key string, err error) {
	grantees := 0
	for _, given := range []bool{a.JID != "", a.UID != nil, a.GID != nil} {
		if given {
			grantees++
		}
	}
	switch {
	case grantees == 0:
		return "jid", errors.New("missing (or uid, or gid)")
	case grantees > 1:
		return "jid", errors.New("an entry is for one jid, uid or gid, not for two of them")
	}
	g.UID, g.GID = a.UID, a.GID
	if a.JID == "" {
		return "", nil
	}
	if g.JID, err = address.Parse(a.JID); err != nil {
		return "jid", fmt.Errorf("%q is %w", a.JID, err)
	}
	if g.JID.Resourcepart() != "" {
		return "jid", fmt.Errorf("%q has a resource; a grant is for an account at any resource", a.JID)
	}
	return "", nil
}

// parseHosts returns the hosts to serve. Without any, that is the parent domain of the
// component. To believe every domain that grants access would let strangers in.
func parseHosts(named []string, component jid.JID) (hosts []string, err error) {
	if len(named) == 0 {
		_, parent, below := strings.Cut(component.Domainpart(), ".")
		if !below {
			return nil, fmt.Errorf("missing; the jid %s has no parent domain, so name the hosts to manage, such as hosts: [example.org]", component)
		}
		named = []string{parent}
	}
	for _, h := range named {
		d, err := parseDomain(h)
		if err != nil {
			return nil, err
		}
		hosts = append(hosts, d.String())
	}
	return hosts, nil
}

// parseDomain reads a domain. It changes only capitals, because a server knows a component
// or a host by one spelling only.
func parseDomain(s string) (jid.JID, error) {
	if s == "" {
		return jid.JID{}, errors.New("missing")
	}
	if _, err := address.ParseDomain(s); err != nil {
		return jid.JID{}, fmt.Errorf("%q is not a domain", s)
	}
	return address.Domain(strings.ToLower(s)), nil
}

// readSecret returns the secret from the environment or, if it is not set there, from the
// file.
func readSecret(f *configfile.File) ([]byte, error) {
	if f.Secret != "" {
		return configfile.ParseSecret([]byte(f.Secret))
	}
	if f.SecretFile == "" {
		return nil, fmt.Errorf("missing (or set %s)", configfile.EnvSecret)
	}
	secret, err := configfile.ReadSecret(f.SecretFile)
	if _, exposed := errors.AsType[*configfile.ExposedError](err); exposed {
		err = fmt.Errorf("%w, or give the secret itself in the environment variable %s", err, configfile.EnvSecret)
	}
	return secret, err
}
