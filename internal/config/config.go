// Package config reads the program's configuration: a YAML file, and
// environment variables that count more.
package config

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"mellium.im/xmpp/jid"

	"emanagement/cmd"
	"emanagement/component"
)

// Config is a checked configuration.
type Config struct {
	JID    jid.JID  // the component's domain
	Server string   // see component.CheckAddress
	Secret []byte   // shared with the server
	State  string   // folder for what the component keeps
	Hosts  []string // to serve; empty: every host that grants access
	Access []cmd.Grant
}

// file is the configuration as it is written.
type file struct {
	JID        string   `yaml:"jid"`
	Server     string   `yaml:"server"`
	Secret     string   `yaml:"-"` // only from the environment
	SecretFile string   `yaml:"secret_file"`
	State      string   `yaml:"state"`
	Hosts      []string `yaml:"hosts"`
	Access     []access `yaml:"access"`
}

type access struct {
	JID   string   `yaml:"jid"`
	Role  string   `yaml:"role"`
	Hosts []string `yaml:"hosts"`
}

// The environment variables and the keys they stand for.
const (
	envJID        = "EMANAGEMENT_JID"
	envServer     = "EMANAGEMENT_SERVER"
	envSecret     = "EMANAGEMENT_SECRET"
	envSecretFile = "EMANAGEMENT_SECRET_FILE"
	envState      = "EMANAGEMENT_STATE"
	envHosts      = "EMANAGEMENT_HOSTS"
)

// Load reads the configuration from a file and the environment, and the secret
// from its file. The error is one sentence that names the file or variable and
// the key.
func Load(path string, getenv func(string) string) (Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Config{}, plain(err)
	}
	var f file
	if err := yaml.NewDecoder(bytes.NewReader(text), yaml.DisallowUnknownField()).Decode(&f); err != nil && len(bytes.TrimSpace(text)) > 0 {
		return Config{}, fmt.Errorf("%s: %s", path, syntax(err))
	}
	from := f.override(path, getenv)
	c, key, err := f.check()
	if err != nil {
		where, ok := from[key]
		if !ok {
			where = path
		}
		return Config{}, fmt.Errorf("%s: %s: %w", where, key, err)
	}
	return c, nil
}

// override takes over what the environment says, and returns where each key
// that it sets came from.
func (f *file) override(path string, getenv func(string) string) (from map[string]string) {
	from = make(map[string]string)
	take := func(env, key string, into *string) {
		if v := getenv(env); v != "" {
			*into, from[key] = v, "environment variable "+env
		}
	}
	take(envJID, "jid", &f.JID)
	take(envServer, "server", &f.Server)
	take(envSecret, "secret_file", &f.Secret)
	take(envSecretFile, "secret_file", &f.SecretFile)
	take(envState, "state", &f.State)
	var hosts string
	take(envHosts, "hosts", &hosts)
	if hosts != "" {
		f.Hosts = strings.FieldsFunc(hosts, func(r rune) bool { return r == ',' || r == ' ' })
	}
	return from
}

// check turns what was written into a Config, or says which key is wrong.
func (f *file) check() (c Config, key string, err error) {
	if c.JID, err = domain(f.JID); err != nil {
		return c, "jid", err
	}
	if f.Server == "" {
		return c, "server", errors.New("missing; where the server listens for the component, such as 127.0.0.1:5347")
	}
	if err := component.CheckAddress(f.Server); err != nil {
		return c, "server", err
	}
	if c.Secret, err = f.secret(); err != nil {
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
		g, key, err := a.check()
		if err != nil {
			return c, fmt.Sprintf("access[%d].%s", i, key), err
		}
		c.Access = append(c.Access, g)
	}
	c.Server, c.State = f.Server, f.State
	return c, "", nil
}

func (a access) check() (g cmd.Grant, key string, err error) {
	if a.JID == "" {
		return g, "jid", errors.New("missing")
	}
	if g.JID, err = jid.Parse(a.JID); err != nil {
		return g, "jid", fmt.Errorf("%q is not a JID", a.JID)
	}
	if g.JID.Resourcepart() != "" {
		return g, "jid", fmt.Errorf("%q has a resource; an account is meant at any of its resources", a.JID)
	}
	if g.Role, err = cmd.ParseRole(a.Role); err != nil {
		return g, "role", err
	}
	for _, h := range a.Hosts {
		d, err := domain(h)
		if err != nil {
			return g, "hosts", err
		}
		g.Hosts = append(g.Hosts, d.String())
	}
	return g, "", nil
}

func domain(s string) (jid.JID, error) {
	if s == "" {
		return jid.JID{}, errors.New("missing")
	}
	j, err := jid.Parse(s)
	if err != nil || !j.Equal(j.Domain()) {
		return jid.JID{}, fmt.Errorf("%q is not a domain", s)
	}
	return j, nil
}

// secret is what the environment says, else the content of the file, which
// nobody but its owner and group may read.
func (f *file) secret() ([]byte, error) {
	if f.Secret != "" {
		return []byte(f.Secret), nil
	}
	if f.SecretFile == "" {
		return nil, fmt.Errorf("missing (or set %s)", envSecret)
	}
	info, err := os.Stat(f.SecretFile)
	if err != nil {
		return nil, plain(err)
	}
	if info.Mode().Perm()&0o007 != 0 {
		return nil, fmt.Errorf("%s: others can read it (mode %04o); chmod 600 it, or 640 for the component's group", f.SecretFile, info.Mode().Perm())
	}
	text, err := os.ReadFile(f.SecretFile)
	if err != nil {
		return nil, plain(err)
	}
	secret := bytes.TrimRight(text, "\r\n")
	if len(secret) == 0 {
		return nil, fmt.Errorf("%s: empty", f.SecretFile)
	}
	return secret, nil
}

// plain words an error about a file as object: what happened.
func plain(err error) error {
	if e, ok := errors.AsType[*os.PathError](err); ok {
		return fmt.Errorf("%s: %w", e.Path, e.Err)
	}
	return err
}

// syntax puts an error of the YAML reader into one line.
func syntax(err error) string {
	if e, ok := errors.AsType[*yaml.UnknownFieldError](err); ok {
		return fmt.Sprintf("line %d: %s", e.Token.Position.Line, strings.ReplaceAll(e.Message, "field", "key"))
	}
	if e, ok := errors.AsType[*yaml.TypeError](err); ok {
		return fmt.Sprintf("line %d: %s: a %s cannot stand here", e.Token.Position.Line, key(e.StructFieldName), kind(e.SrcType))
	}
	line := 0
	message := yaml.FormatError(err, false, false)
	if e, ok := errors.AsType[yaml.Error](err); ok {
		message = e.GetMessage()
		if t := e.GetToken(); t != nil {
			line = t.Position.Line
		}
	}
	message = strings.Join(slices.Collect(strings.FieldsSeq(message)), " ")
	if line == 0 {
		return message
	}
	return fmt.Sprintf("line %d: %s", line, message)
}

// key is how a field of file or access ("file.JID") is written.
func key(field *string) string {
	if field == nil {
		return "value"
	}
	owner, name, _ := strings.Cut(*field, ".")
	t := reflect.TypeFor[file]()
	if owner == reflect.TypeFor[access]().Name() {
		t = reflect.TypeFor[access]()
	}
	if f, ok := t.FieldByName(name); ok {
		return f.Tag.Get("yaml")
	}
	return *field
}

// kind names what was found in the words of YAML.
func kind(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Slice:
		return "list"
	case reflect.Map:
		return "map"
	case reflect.String:
		return "text"
	}
	return t.Kind().String()
}
