// Package config is the daemon's configuration, checked.
package config

import (
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
	State  string  // folder for what the component keeps
	Audit  string  // file of the audit log; empty: the program's log
	// Control is the path of the control socket; empty: there is none. Only
	// where Fixed is it an error that it cannot be there.
	Control Socket
	Hosts   []string // to serve; empty: every host that grants access
	// MaxStanza is how many bytes the server takes in one stanza; 0: not known.
	MaxStanza int
	Access    []verb.Grant
	API       ejabberd.Endpoint // without a URL: there is none
}

// minStanza is the least that max_stanza_size may be, in bytes.
const minStanza = 10_000

// Load reads the configuration from a file and the environment, and the secret
// from its file. The error is one sentence that names the file or variable and
// the key.
func Load(path string, getenv func(string) string) (Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Config{}, oserror.File(path, err)
	}
	f, err := configfile.Parse(text)
	if err != nil {
		return Config{}, fmt.Errorf("%s: %w", path, err)
	}
	from := f.Override(getenv)
	c, key, err := check(&f)
	if err != nil {
		where, ok := from[key]
		if !ok {
			where = path
		}
		return Config{}, fmt.Errorf("%s: %s: %w", where, key, err)
	}
	return c, nil
}

// check turns what was written into a Config, or says which key is wrong.
func check(f *configfile.File) (c Config, key string, err error) {
	if c.JID, err = domain(f.JID); err != nil {
		return c, "jid", err
	}
	if f.Server == "" {
		return c, "server", errors.New("missing; where the server listens for the component, such as 127.0.0.1:5347")
	}
	if err := component.CheckAddress(f.Server); err != nil {
		return c, "server", err
	}
	if c.Secret, err = secret(f); err != nil {
		return c, "secret_file", err
	}
	for _, h := range f.Hosts {
		d, err := domain(h)
		if err != nil {
			return c, "hosts", err
		}
		c.Hosts = append(c.Hosts, d.String())
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
	if c.Control, err = socket(f.Control); err != nil {
		return c, "control", err
	}
	if c.Control.Group, err = group(f.Group); err != nil {
		return c, "control_group", err
	}
	if c.MaxStanza = f.MaxStanza; c.MaxStanza < 0 || c.MaxStanza > 0 && c.MaxStanza < minStanza {
		return c, "max_stanza_size", fmt.Errorf("%d is less than the %d bytes that an answer needs", c.MaxStanza, minStanza)
	}
	c.Server, c.State, c.Audit = f.Server, f.State, f.Audit
	return c, "", nil
}

func checkAccess(a configfile.Access) (g verb.Grant, key string, err error) {
	if key, err := who(a, &g); err != nil {
		return g, key, err
	}
	if g.Role, err = verb.ParseRole(a.Role); err != nil {
		return g, "role", err
	}
	for _, h := range a.Hosts {
		d, err := domain(h)
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
			return g, "unconfirmed", fmt.Errorf("%q is not a verb that wants to be confirmed", name)
		case verbs[i].Role > g.Role:
			return g, "unconfirmed", fmt.Errorf("%s takes the role %s, which this entry has not", name, verbs[i].Role)
		}
	}
	g.Unconfirmed = a.Unconfirmed
	return g, "", nil
}

// who reads whom an entry is for: a JID, a user or a group of this machine.
func who(a configfile.Access, g *verb.Grant) (key string, err error) {
	named := 0
	for _, is := range []bool{a.JID != "", a.UID != nil, a.GID != nil} {
		if is {
			named++
		}
	}
	switch {
	case named == 0:
		return "jid", errors.New("missing (or uid, or gid)")
	case named > 1:
		return "jid", errors.New("an entry is for a jid, a uid or a gid, not for two of them")
	}
	g.UID, g.GID = a.UID, a.GID
	if a.JID == "" {
		return "", nil
	}
	if g.JID, err = address.Parse(a.JID); err != nil {
		return "jid", fmt.Errorf("%q is %w", a.JID, err)
	}
	if g.JID.Resourcepart() != "" {
		return "jid", fmt.Errorf("%q has a resource; an account is meant at any of its resources", a.JID)
	}
	return "", nil
}

// domain reads a domain. It keeps its spelling, but for capitals: a server knows
// a component, and a host, by one alone.
func domain(s string) (jid.JID, error) {
	if s == "" {
		return jid.JID{}, errors.New("missing")
	}
	if _, err := address.ParseDomain(s); err != nil {
		return jid.JID{}, fmt.Errorf("%q is not a domain", s)
	}
	return address.Domain(strings.ToLower(s)), nil
}

// secret returns the secret from the environment or, if that has none, from the file.
func secret(f *configfile.File) ([]byte, error) {
	if f.Secret != "" {
		return configfile.SecretLine([]byte(f.Secret))
	}
	if f.SecretFile == "" {
		return nil, fmt.Errorf("missing (or set %s)", configfile.EnvSecret)
	}
	secret, err := configfile.SecretIn(f.SecretFile)
	if _, open := errors.AsType[*configfile.OpenError](err); open {
		err = fmt.Errorf("%w, or give the secret itself in the environment variable %s", err, configfile.EnvSecret)
	}
	return secret, err
}
